"""Runs over a real endpoint through a proxy that fails: killed ones, budgets, and keys that must not be shown."""

import os
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tenacity import wait_fixed

from eval.cli import app
from eval.errors import BudgetSpent, EndpointError
from eval.jsonl import read
from eval.models.budget import Limits
from eval.models.ledger import Call
from eval.models.openai import OpenAIModel
from eval.runs.options import Options
from eval.runs.run import ANSWERS, run
from eval.runs.sample import Sample
from tests.eval.runs.worked import config_of, records
from tests.fault_proxy import Fault, FaultProxy, fault_proxy

KEY = "sk-very-secret-0123456789"
FAULTS: list[Fault] = ["busy", "whole", "broken", "half", "inside", "torn", "reset", "silent", "slow", "whole"]
RUN = """
import sys
from pathlib import Path
from eval.models.openai import OpenAIModel
from eval.models.budget import Limits
from eval.runs.options import Options
from eval.runs.run import run
from eval.record import Record
records = [Record.model_validate_json(line) for line in Path(sys.argv[3]).read_text().splitlines()]
options = Options(dataset="d", method="focus", mitigations=["ignore_word"], max_new_tokens=6)
run(OpenAIModel("openai:smollm2", sys.argv[1]), records, Path(sys.argv[2]), options, limits=Limits(2))
"""


def ask(url: str, out: Path, count: int = 6, timeout: float = 300, **options: Any) -> list[Sample]:
    given = {"dataset": "d", "method": "focus", "mitigations": ["ignore_word"], "max_new_tokens": 6} | options
    return run(OpenAIModel("openai:smollm2", url, timeout=timeout), records(count), out, Options(**given))


def texts(samples: list[Sample]) -> list[tuple[str, str, str, list[str]]]:
    return [(s.record_id, s.mitigation, s.response, s.triggers) for s in samples]


@pytest.fixture(scope="module")
def known() -> dict[bytes, bytes]:
    """What llama.cpp has answered, which then takes no time."""
    return {}


@pytest.fixture
def proxy(llama_url: str, known: dict[bytes, bytes]) -> Iterator[FaultProxy]:
    with fault_proxy(llama_url, ["whole"], known) as serving:
        yield serving


def test_every_fault_is_outlived_and_nothing_is_lost_or_asked_twice(
    llama_url: str, proxy: FaultProxy, known: dict[bytes, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calm = ask(proxy.url, tmp_path / "calm")
    monkeypatch.setattr("eval.models.endpoint.BACK_OFF", wait_fixed(0.1))
    with fault_proxy(llama_url, FAULTS, known) as failing:
        found = ask(failing.url, tmp_path / "failing", timeout=2)
        assert {fault for fault, times in failing.faults.items() if times} == set(FAULTS)
        assert list(failing.delivered.values()) == [1] * 12
    assert texts(found) == texts(calm)
    assert not any(sample.note for sample in found)
    assert len(list(read(tmp_path / "failing" / ANSWERS, Call))) == 12


def test_a_run_that_is_killed_goes_on_without_asking_again(
    llama_url: str, proxy: FaultProxy, known: dict[bytes, bytes], tmp_path: Path
) -> None:
    calm = ask(proxy.url, tmp_path / "calm")
    ledger = tmp_path / "killed" / ANSWERS
    rows = write_records(tmp_path, 6)
    with fault_proxy(llama_url, ["whole"] * 5 + ["slow"], known) as serving:  # type: ignore[list-item]
        arguments = [serving.url, str(tmp_path / "killed"), str(rows)]
        process = subprocess.Popen([sys.executable, "-c", RUN, *arguments])
        end = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < end and not (ledger.exists() and _lines(ledger) >= 5):
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "it was in the middle of its only chunk"
    before = _lines(ledger)
    assert 5 <= before < 12 and not (tmp_path / "killed" / "samples.jsonl").exists()
    with ledger.open("ab") as file:
        file.write(b'{"key": "torn')
    with fault_proxy(llama_url, ["whole"], known) as serving:
        assert texts(ask(serving.url, tmp_path / "killed")) == texts(calm)
        assert serving.delivered.total() == 12 - before
        ask(serving.url, tmp_path / "killed")
        assert serving.delivered.total() == 12 - before, "a finished run asks nothing"


@pytest.mark.parametrize("limits", [Limits(2, max_requests=5), Limits(2, max_tokens_total=500)])
def test_a_budget_stops_a_run_and_a_larger_one_goes_on(limits: Limits, proxy: FaultProxy, tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(
            BudgetSpent, match=r"paid\); 0 of 12 samples are done.*with a larger budget goes on"
        ) as error:
            ask(proxy.url, tmp_path, limits=limits)
        assert "\n" not in str(error.value)
    calls = list(read(tmp_path / ANSWERS, Call))
    assert len(calls) == proxy.delivered.total() <= 5 or limits.max_requests is None
    assert sum(call.prompt_tokens + call.completion_tokens for call in calls) <= (limits.max_tokens_total or 10**9)
    assert len(ask(proxy.url, tmp_path)) == 12
    assert list(proxy.delivered.values()) == [1] * 12


def test_triggers_of_an_endpoint_come_from_black_box_and_equal_texts_are_asked_once(
    proxy: FaultProxy, tmp_path: Path
) -> None:
    found = ask(proxy.url, tmp_path, 3, method=None)
    assert config_of(tmp_path)["method"] == "black_box"
    assert all(sample.features for sample in found if sample.mitigation == "none")
    assert set(proxy.delivered.values()) == {1}


def write_records(folder: Path, count: int) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(record.model_dump_json() + "\n" for record in records(count)))
    return path


def test_no_key_is_shown_or_stored(
    llama_url: str, known: dict[bytes, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with fault_proxy(llama_url, ["busy", "key", "whole", "unknown", "key"], known) as failing:
        arguments = [
            "run", "--dataset", str(write_records(tmp_path, 2)), "--model", "openai:smollm2", "--out",
            str(tmp_path / "o"), "--max-new-tokens", "4", "--concurrency", "1", "--base-url",
        ]  # fmt: skip
        for message in ("401, Incorrect API key provided: Bearer [*]{3};", "404, The model does not exist;"):
            with pytest.raises(EndpointError, match=message) as error:
                app([*arguments, failing.url], standalone_mode=False)
            shown = str(error.value) + "".join(capsys.readouterr())
            assert KEY not in shown
        secret_url = failing.url.replace("//", "//me:s3cret-word@")
        done = subprocess.run(
            [sys.executable, "-c", "from eval.cli import main; main()", *arguments, secret_url],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2 and "Incorrect API key provided: Basic ***" in done.stderr, done.stderr
    kept = "".join(path.read_text() for path in (tmp_path / "o").rglob("*") if path.is_file())
    assert "smollm2" in kept and _lines(tmp_path / "o" / ANSWERS) == 1
    for secret in (KEY, "s3cret-word", b64encode(b"me:s3cret-word").decode()):
        assert secret not in done.stdout + done.stderr + kept


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n")
