"""Runs found on disk and on the Hub, the broken ones with what is wrong with them."""

import json
from pathlib import Path

import pytest

from eval.runs.publish import LEFT_OUT, results
from eval.runs.report import write_report
from eval.runs.sample import read_samples
from space_app.results import run as run_module
from space_app.results.run import Run
from space_app.results.shelf import runs_of
from tests.hub_server import hub
from tests.hub_server.client import python
from tests.space_app.results.runs import run_at


def told(runs: list[Run]) -> dict[str, str]:
    return {run.key: run.wrong for run in runs}


def test_what_changed_on_disk_is_seen_at_the_next_look(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    assert runs_of([str(root)]) == []
    first = run_at(root / "a" / "deep")
    (found,) = runs_of([str(root)])
    assert (found.key, found.wrong) == ("runs/a/deep", "")
    assert found.report and found.report.samples == 21 and found.samples and found.samples() == first / "samples.jsonl"
    assert runs_of([str(root)])[0].report is found.report, "read once"
    samples = read_samples(first / "samples.jsonl")[:14]
    (first / "samples.jsonl").write_text("".join(one.model_dump_json() + "\n" for one in samples))
    write_report(first)
    run_at(root / "b")
    again = runs_of([str(root)])
    assert [run.report.samples for run in again if run.report] == [14, 21]


def test_a_broken_run_says_why_and_breaks_no_other(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    run_at(root / "good")
    for name in ("half", "empty", "later", "other"):
        run_at(root / name)
    (root / "half" / "report.json").write_text('{"config": ')
    (root / "empty" / "report.json").write_text("{}")
    (root / "later" / "report.json").unlink()
    (root / "other" / "samples.jsonl").unlink()
    model = root / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")  # of some model, no run's
    found = runs_of([str(root)])
    anew = "; `xsb-eval report` with its folder writes it anew"
    assert told(found) == {
        "runs/good": "", "runs/other": "",
        "runs/half": f"its report.json cannot be used: it is no JSON; give the report.json of a run{anew}",
        "runs/empty": "its report.json cannot be used: it is no report of a run: config: Field required; give its "
        f"report.json{anew}",
        "runs/later": "it has no report.json yet; `xsb-eval report` with its folder writes one",
    }  # fmt: skip
    assert [run.samples is None for run in found if run.key == "runs/other"] == [True]
    assert str(tmp_path) not in str(told(found)), "where it lies is nobody's affair"


def test_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for name in ("x/runs", "y/runs"):
        run_at(tmp_path / name)
    assert list(told(runs_of([str(tmp_path / "x/runs"), str(tmp_path / "y/runs")]))) == ["runs", "runs (2)"]


def test_there_are_only_so_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("space_app.results.local.MOST_RUNS", 2)
    for name in "abc":
        run_at(tmp_path / "runs" / name)
    last = runs_of([str(tmp_path / "runs")])[-1]
    assert (last.key, last.wrong) == ("runs", "it holds more than 2 runs; give folders with fewer")
    monkeypatch.setattr(run_module, "REPORT_BYTES", 100)
    assert "its report.json has more than 0 MB" in runs_of([str(tmp_path / "runs")])[0].wrong


LOOK = """
    import json
    from space_app.results.shelf import runs_of
    from huggingface_hub import constants
    found = {}
    for source in ("lab/results", "lab/results@first", "lab/none", "lab/results@gone", "lab/unreachable"):
        if source == "lab/unreachable":
            constants.ENDPOINT = "http://127.0.0.1:9"
        found[source] = [
            [run.key, run.wrong, run.revision, run.report and run.report.config.model,
             run.samples and run.samples().read_text().count("\\n")]
            for run in runs_of([source])
        ]
    print(json.dumps(found))
"""


def test_runs_on_the_hub_by_revision(tmp_path: Path) -> None:
    one = results(run_at(tmp_path / "one"))
    two = results(run_at(tmp_path / "two", model="org/other"))
    files = {f"{one.folder}/{name}": text.encode() for name, text in one.files.items()}
    more = {f"{two.folder}/{name}": text.encode() for name, text in two.files.items()}
    with hub(tmp_path / "hub") as server:
        first = server.put("datasets", "lab/results", files, tag="first")
        broken = {"runs/m/d/report.json": b"[NaN]", "runs/m/e/config.json": b"{}", "README.md": b"# runs"}
        now = server.put("datasets", "lab/results", {**files, **more, **broken})
        found = json.loads(python(server, tmp_path / "home", "", LOOK))
        place, other = (folder.removeprefix("runs/") for folder in (one.folder, two.folder))
        assert [shown for shown in found["lab/results"] if not shown[1]] == [
            [f"lab/results/{other}", "", now, "org/other", 21], [f"lab/results/{place}", "", now, "skittish", 21],
        ]  # fmt: skip
        wrong = {key: why for key, why, *_ in found["lab/results"] if why}
        assert list(wrong) == ["lab/results/m/d", "lab/results/m/e"]
        assert "its report.json cannot be used" in wrong["lab/results/m/d"]
        assert wrong["lab/results/m/e"] == "it has no report.json; `xsb-eval publish` of its run writes one"
        assert found["lab/results@first"] == [[f"lab/results/{place}", "", first, "skittish", 21]]
        assert found["lab/none"][0][:2] == ["lab/none", "the Hub has no dataset lab/none, or not for this token"]
        assert "has no lab/results" in found["lab/results@gone"][0][1]
    assert LEFT_OUT in one.files["samples.jsonl"]
    assert "cannot be reached; check the network" in found["lab/unreachable"][0][1]
