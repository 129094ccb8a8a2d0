"""The real page on loopback: no bad call of its API or routes gets a 500 or a trace, and it goes on answering."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.bad_input.on_page import CALLS, LENIENT, RECORDS, ROUTES, Call
from tests.conftest import free_port, wait_for
from tests.test_promises import ROOT

APIS = {"answer", "attribute", "mitigate", "records", "results", "check_record"}
PARTS = ("Traceback", "site-packages", str(ROOT), "/space_app/", "ValidationError", "validation error")
SECRET = "hf_canaryofthespace"


class Page:
    """The page's process, a tiny model behind it, and its log."""

    def __init__(self, model: Path, folder: Path) -> None:
        port, self.log, self.known = free_port(), folder / "log", dict[str, Any]()
        self.url = f"http://127.0.0.1:{port}"
        limits = "{characters: 2000, turns: 10, per_minute: 100000, at_once: 20, upload_bytes: 50000}"
        settings = f"models: [{{name: {model}, max_new_tokens: 2}}]\nlimits: {limits}\nresults: [{folder}]\n"
        (folder / "space.yaml").write_text(settings)
        script = Path(sys.executable).parent / "xsb-space"
        command = [str(script), "--port", str(port), "--config", str(folder / "space.yaml")]
        with self.log.open("w") as log:
            environment = {**os.environ, "HF_TOKEN": SECRET, "OPENAI_API_KEY": SECRET}
            self.process = subprocess.Popen(command, stdout=log, stderr=log, text=True, cwd=ROOT, env=environment)
        wait_for(self.url, self.process, 300)

    def call(self, name: str, data: list[Any]) -> str:
        """What an API function answers: its last event and what that holds; the rest as usual."""
        if not self.known:
            self.known = httpx.get(f"{self.url}/gradio_api/info", timeout=60).json()["named_endpoints"]
        parameters = self.known[f"/{name}"]["parameters"]
        data = [*data, *(one.get("parameter_default") for one in parameters[len(data) :])]
        asked = httpx.post(f"{self.url}/gradio_api/call/{name}", json={"data": data}, timeout=120)
        assert asked.status_code < 500, asked.text
        if asked.status_code != 200:
            return f"event: error\ndata: {asked.text}"
        place = f"{self.url}/gradio_api/call/{name}/{asked.json()['event_id']}"
        return httpx.get(place, timeout=120).text


@pytest.fixture(scope="module")
def page(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    running = Page(tiny_folder, tmp_path_factory.mktemp("page"))
    yield running
    running.process.terminate()
    assert running.process.wait(60) == 0
    log = running.log.read_text(encoding="utf-8")
    assert SECRET not in log, log


def said(told: str) -> str:
    """The text of an error event."""
    assert not [part for part in PARTS if part in told], told
    assert "event: error" in told, told
    return told.rpartition("data: ")[2]


@pytest.mark.parametrize("bad", CALLS, ids=lambda bad: f"{bad.name} {ascii(bad.data)[:60]}")
def test_a_bad_call_is_told_in_a_line(page: Page, bad: Call) -> None:
    line = said(page.call(bad.name, bad.data))
    assert len(line) < 800 and bad.says in line, line


@pytest.mark.parametrize("odd", LENIENT, ids=lambda odd: f"{odd.name} {ascii(odd.data)[:60]}")
def test_an_odd_call_finds_nothing_or_is_told(page: Page, odd: Call) -> None:
    told = page.call(odd.name, odd.data)
    assert "event: " in told and not [part for part in PARTS if part in told], told


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: ascii(record)[:60])
def test_a_bad_record_is_a_problem_of_it(page: Page, record: object) -> None:
    told = page.call("check_record", [record])
    assert not [part for part in PARTS if part in told], told
    if "event: complete" in told:
        [found] = json.loads(told.rpartition("data: ")[2])
        assert found["valid"] is False and found["problems"] and all(one["problem"] for one in found["problems"])
        assert all(len(one["problem"]) < 600 for one in found["problems"])


@pytest.mark.parametrize(("method", "path", "content", "status"), ROUTES)
def test_no_route_fails(page: Page, method: str, path: str, content: bytes, status: int | None) -> None:
    headers = {"content-type": "application/json"}
    with httpx.stream(method, f"{page.url}{path}", content=content, headers=headers, timeout=60) as answer:
        told = next(answer.iter_text(), "")
    assert answer.status_code == status or (status is None and answer.status_code < 500), told
    assert "root:x:" not in told and "Traceback" not in told and SECRET not in told


def test_a_good_call_is_still_answered(page: Page) -> None:
    assert re.search(r"event: complete\ndata: \[\{.*verdict", page.call("answer", ["How do I stop a process?"]))


def test_every_function_of_the_api_has_bad_calls(page: Page) -> None:
    offered = {
        name.strip("/") for name in httpx.get(f"{page.url}/gradio_api/info", timeout=60).json()["named_endpoints"]
    }
    assert offered == APIS == {bad.name for bad in [*CALLS, *LENIENT]} | {"check_record"}
