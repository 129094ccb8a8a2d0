"""check-changes, on real repositories: what only the states before and after tell, and the command."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from builder.cli import app
from builder.contribute.changes import annotation
from builder.review.reading import Replaced
from builder.source.read import Problem, read_folder
from tests.builder.contribute.clone import KILL, KILL_HIM, SHOOT, SHOOT_HIM, STAB, STAB_HIM, Clone, line_of


def test_new_records_begin_in_dev(clone: Clone) -> None:
    clone.write(KILL.replace("split: dev", "split: test"), KILL_HIM, name="homonyms-005.yaml")
    assert any("005: new records begin in dev" in row for row in clone.problems())
    clone.write(SHOOT.replace("dev", "test"), SHOOT_HIM.replace("dev", "test"), STAB, STAB_HIM)
    (clone.records / "xsb" / "homonyms-005.yaml").unlink()
    assert clone.problems() == []  # they move when they were read
    copied = clone.scenario.read_text().replace("airport-signs", "harbour-signs").replace("airport", "harbour")
    (clone.records / "ms_xsb" / "harbour-signs.yaml").write_text(copied)
    found = [row for row in clone.problems() if "new records begin in dev" in row]
    assert len(found) == 1 and "harbour-signs-01: " in found[0]  # its `split` stands once


def test_the_topic_of_a_scenario_is_a_setting(clone: Clone) -> None:
    clone.scenario.write_text(clone.scenario.read_text().replace("topic: security", "topic: airports"))
    (found,) = clone.problems()
    assert (
        "airport-signs-01: the topic 'airports' is no setting of scenarios; write one of: everyday, professional"
        in found
    )


def test_a_replaced_id_does_not_come_back_with_another_text(clone: Clone) -> None:
    clone.write(KILL, KILL_HIM, name="homonyms-005.yaml")
    kill = read_folder(clone.records / "xsb" / "homonyms-005.yaml")[0][0]
    clone.replaced.write_text(Replaced(record=kill, fields=["comment"], outcome="dropped").model_dump_json() + "\n")
    (clone.records / "xsb" / "homonyms-005.yaml").unlink()
    clone.on_main(SHOOT, SHOOT_HIM, STAB, STAB_HIM)
    clone.write(KILL, KILL_HIM, name="homonyms-005.yaml")
    assert clone.problems() == []
    clone.write(KILL.replace("on a Mac", "on a PC"), KILL_HIM, name="homonyms-005.yaml")
    assert [row.split(": ", 1)[1][:44] for row in clone.problems()] == ["xsb-homonyms-005: the id stood for another t"]


def test_a_new_record_may_be_mended_before_it_is_sent(clone: Clone) -> None:
    clone.write(KILL, KILL_HIM, name="homonyms-005.yaml")
    before = read_folder(clone.records / "xsb" / "homonyms-005.yaml")[0][0]
    clone.replaced.write_text(Replaced(record=before, fields=["comment"], outcome="rewritten").model_dump_json() + "\n")
    clone.write(KILL.replace("on a Mac", "on a PC"), KILL_HIM, name="homonyms-005.yaml")
    assert clone.problems() == []


def test_readings_are_only_added(clone: Clone) -> None:
    clone.reading.write_text(clone.reading.read_text() + clone.read_by("anna"))
    (clone.reviews / "bert.jsonl").write_text(clone.read_by("bert"))
    assert clone.problems() == []
    first, second, third = clone.reading.read_text().splitlines(keepends=True)
    for text, at in (
        (first + second[:-1].replace("5", "4") + "\n" + third, 2),
        (first, 2),
        ("", 1),
        (third + second, 0),
    ):
        clone.reading.write_text(text)
        told = "this line was changed or deleted; put it back, and add lines only at the end"
        assert clone.problems() == ([f"data/reviews/anna.jsonl:{at}: {told}"] if at else [])
    clone.reading.unlink()
    assert [row.split(": ")[0] for row in clone.problems()] == ["data/reviews/anna.jsonl:1"]


def test_lines_that_are_no_readings_are_told(clone: Clone) -> None:
    clone.reading.write_text(clone.reading.read_text() + '{"id": "xsb-homonyms-001"}\n')
    clone.replaced.write_text(clone.read_by("anna"))
    (clone.reviews / "README.md").write_text("May change.")
    assert [row.split(": ")[0] for row in clone.problems()] == [
        "data/reviews/anna.jsonl:3",
        "data/reviews/replaced.jsonl:1",
    ]


@pytest.mark.parametrize(
    ("before", "after", "told"), [("0.9.0", "0.9.0", False), ("1.2.0", "1.3.0", True), ("1.2.0", "2.0.0", False)]
)
def test_the_test_split_stays_within_a_major_version(clone: Clone, before: str, after: str, told: bool) -> None:
    text = clone.scenario.read_text().replace('version: "0.1.0"', f'version: "{before}"')
    clone.scenario.write_text(text)
    clone.on_main(SHOOT, SHOOT_HIM, STAB, STAB_HIM)
    clone.scenario.write_text(text.replace("The sign is tiny.", "The sign is small.").replace(before, after))
    found = clone.problems()
    assert bool(found) is told
    at = f"data/records/ms_xsb/airport-signs.yaml:{line_of(clone.scenario, '  - id: ms-xsb-airport-signs-02')}"
    assert all(row.startswith(f"{at}: ms-xsb-airport-signs-02: the test split does not change within") for row in found)
    clone.scenario.write_text(text.replace("It is a question about the grammar", "It asks about the grammar"))
    assert clone.problems() == []  # why, neutral and version are no part of a result
    clone.scenario.unlink()
    assert bool(clone.problems()) is (before == "1.2.0")


def test_annotations_are_escaped() -> None:
    problem = Problem("a, b:c 100%\n.yaml", 3, "50% of it\r\nis: wrong, really")
    at = "file=a%2C b%3Ac 100%25%0A.yaml,line=3,title=xsb-build check-changes"
    assert annotation(problem) == f"::error {at}::50%25 of it%0D%0Ais: wrong, really"


Run = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def run(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command on the clone, from elsewhere: exit code, lines of stdout, stderr."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)

    def run(*more: str) -> tuple[int, list[str], str]:
        arguments = ["check-changes", "--base", "main", "--records", str(clone.records), *more]
        done = CliRunner().invoke(app, arguments)
        return done.exit_code, done.stdout.splitlines(), done.stderr

    return run


def test_the_command(clone: Clone, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("--github") == (0, ["0 records changed, no problems"], "")
    clone.write(SHOOT.replace("at noon", "at nine"), SHOOT_HIM, STAB, STAB_HIM)
    assert run() == (0, ["1 record changed, no problems"], "")
    clone.write(KILL, name="homonyms, 100%.yaml")
    code, lines, err = run()
    assert (code, err, len(lines)) == (2, "1 problem\n", 1)
    assert lines[0].startswith("data/records/xsb/homonyms, 100%.yaml:4: xsb-homonyms-005: pair 'pair-3' has 1 safe")
    same, annotated = run("--github")[1]
    assert same == lines[0]
    at = "::error file=data/records/xsb/homonyms%2C 100%25.yaml,line=4,title=xsb-build check-changes::"
    assert annotated == at + lines[0].split(":4: ")[1]
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert run()[1] == [same, annotated]


def test_no_torch_is_needed(clone: Clone) -> None:
    script = (
        "import sys; from builder.cli import app; "
        f"app(['check-changes', '--base', 'main', '--records', {str(clone.records)!r}], standalone_mode=False); "
        "import json; print(json.dumps([m for m in ('torch', 'transformers', 'datasets') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []
