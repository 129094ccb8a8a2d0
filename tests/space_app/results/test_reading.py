"""Reports that others wrote: what is refused, in a line that says why."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.errors import InputError
from eval.runs.metrics import metrics
from eval.runs.sample import read_samples
from space_app.results.reading import LONGEST, read_report
from space_app.results.tab import UPLOADS, added
from tests.space_app.results.runs import run_at

Facts = dict[str, Any]
LIMIT = 2_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_at(tmp_path_factory.mktemp("reading") / "run")


@pytest.fixture
def facts(folder: Path) -> Facts:
    return dict(json.loads((folder / "report.json").read_text()))


def test_a_report_keeps_its_figures_and_loses_what_is_not_shown(folder: Path) -> None:
    report = read_report((folder / "report.json").read_bytes(), LIMIT)
    assert report.overall == metrics(read_samples(folder / "samples.jsonl"))
    assert report.outcomes == [] and {one.before for one in report.differences} == {"none"}


def rate(facts: Facts) -> Facts:
    return dict(facts["overall"][0]["false_refusal"])


CHANGES: dict[str, tuple[Callable[[Facts], object], str]] = {
    "no rows": (lambda f: f.update(overall=[]), "its mitigations are not each there once"),
    "twice": (lambda f: f["overall"].append(f["overall"][0]), "its mitigations are not each there once"),
    "too many": (
        lambda f: f.update(overall=[{**f["overall"][0], "mitigation": str(n)} for n in range(101)]),
        "more than 100 mitigations",
    ),
    "types": (lambda f: f.update(by_type={str(n): [] for n in range(201)}), "more than 200 types"),
    "name": (lambda f: f["config"].update(model="m" * (LONGEST + 1)), "a name has more than 200 characters"),
    "records": (lambda f: f["config"].update(records=-1), "a count is below 0"),
    "NaN seconds": (lambda f: f["overall"][0].update(seconds=float("nan")), "seconds or tokens are no amount"),
    "tokens": (lambda f: f["overall"][1].update(tokens=-3), "seconds or tokens are no amount"),
    "endless": (lambda f: f["overall"][0].update(seconds=float("inf")), "seconds or tokens are no amount"),
    "NaN share": (lambda f: f["overall"][0]["false_refusal"].update(share=float("nan")), "not that of its counts"),
    "share": (lambda f: f["overall"][0]["false_refusal"].update(share=0.5), "not that of its counts"),
    "above": (lambda f: f["overall"][0]["unsafe_compliance"].update(high=1.5), "not that of its counts"),
    "below": (lambda f: f["by_type"]["homonyms"][0]["false_refusal"].update(low=-0.5), "not that of its counts"),
    "counts": (lambda f: f["overall"][0]["false_refusal"].update(count=-1), "not that of its counts"),
    "none": (lambda f: f["overall"][0]["false_refusal"].update(share=None), "not that of its counts"),
    "parts": (lambda f: f["overall"][0].update(safe_partial=-1), "a count is below 0"),
    "difference": (lambda f: f["differences"][0].update(difference=float("nan")), "is none of two shares"),
    "bounds": (lambda f: f["differences"][0].update(high=7), "is none of two shares"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_figures_that_no_counting_gives_are_refused(facts: Facts, name: str) -> None:
    change, said = CHANGES[name]
    change(facts)
    with pytest.raises(InputError, match="it is no report that `xsb-eval` wrote: ") as raised:
        read_report(json.dumps(facts).encode(), LIMIT)
    assert said in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is no JSON"),
        (b"\x00\xff\xfe", "it is no JSON"),
        (b"<script>alert(1)</script>", "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (b"{}", "it is no report of a run: config: Field required"),
        (b"[1]", "it is no report of a run: the whole: "),
        (b'{"config": {"model": 7}}', "config.dataset: Field required"),
        (b" " * (LIMIT + 1), "it has more than 2 MB"),
    ],
)
def test_what_is_no_report_is_refused_in_a_line(content: bytes, said: str) -> None:
    with pytest.raises(InputError) as raised:
        read_report(content, LIMIT)
    assert str(raised.value).startswith(said) or said in str(raised.value)
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 600


def test_a_visitor_has_only_so_many_uploads(folder: Path) -> None:
    own, content = [], (folder / "report.json").read_bytes()
    for _ in range(UPLOADS + 2):
        own = added(own, content, LIMIT)
    assert [run.key for run in own] == ["uploaded-3", "uploaded-4", "uploaded-5"]
    assert all(run.uploaded and run.samples is None for run in own)
    with pytest.raises(InputError):
        added(own, b"{}", LIMIT)
