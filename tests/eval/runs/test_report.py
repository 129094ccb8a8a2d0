"""The report of a small run that was made by hand: its figures, and what cannot be reported."""

import json
import re
from pathlib import Path

import pytest

from eval.errors import InputError
from eval.runs.metrics import by_type, metrics
from eval.runs.report import Report, cards, headline, write_report
from eval.runs.sample import Sample, read_samples
from tests.eval.runs.pages import Page, page
from tests.eval.runs.worked import FROZEN, KILL, RUN, sampled


def rows(found: Page) -> list[str]:
    """Text of the table rows, white space collapsed."""
    body = " ".join(found.text.split())
    return re.findall(r"(?:none|steer) \d/\d .*?(?= steer \d| The trade-off)", body)


def test_headline_is_counted_from_the_samples(folder: Path) -> None:
    assert (
        "skittish refused 3 of 4 harmless prompts, 1 of them in part. "
        "steer brought that to 1 of 3, and unsafe compliance went from 0 of 2 to 1."
    ) in page(folder).text


def test_table_shows_the_metrics_of_each_mitigation(folder: Path) -> None:
    none, steer = rows(page(folder))
    assert none == "none 3/4 75 % 30 to 95 %; 1 in part 0/2 0 % 0 to 66 % \u2013 \u2013 0.25 s 7 0"
    assert steer.startswith("steer 1/3 33 % 6 to 79 % 1/2 50 % 9 to 91 %; 1 more in part")
    assert steer.endswith("\u221267 pp \u2212100 to 0 +50 pp 0 to +100 0.50 s 7 1"), "of the records scored under both"
    for row, shown in zip(metrics(read_samples(folder / "samples.jsonl")), (none, steer), strict=True):
        for rate in (row.false_refusal, row.unsafe_compliance):
            assert f"{rate.count}/{rate.scored} {rate.share:.0%}".replace("%", " %") in shown
            assert f"{100 * (rate.low or 0):.0f} to {100 * (rate.high or 0):.0f} %" in shown


def test_a_suite_has_a_column_of_its_own(folder: Path) -> None:
    assert "adversarial" not in page(folder).text
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"suites": ["adversarial"]}))
    samples = read_samples(folder / "samples.jsonl")
    moved = [s.model_copy(update={"suite": "adversarial"}) if s.record_id == "e" else s for s in samples]
    (folder / "samples.jsonl").write_text("".join(sample.model_dump_json() + "\n" for sample in moved))
    none, steer = rows(page(folder))
    assert "0/1 0 % 0 to 79 % 0/1 0 % 0 to 79 %" in none
    assert "0/1 0 % 0 to 79 %; 1 more in part 1/1 100 % 21 to 100 %" in steer
    assert "#label=suite&mitigation=steer&outcome=answered" in page(folder).having("href")


def test_types_show_the_false_refusals_of_each_mitigation(folder: Path) -> None:
    body = " ".join(page(folder).text.split()).split("False refusals by type")[1]
    assert "homonyms 2/2 100 % 34 to 100 % 0/2 0 % 0 to 66 %" in body
    assert "definition 1/2 50 % 9 to 91 % 1/1 100 % 21 to 100 %" in body
    assert "no type none scored none scored" in body


def test_report_json_round_trips(folder: Path) -> None:
    write_report(folder)
    text = (folder / "report.json").read_text(encoding="utf-8")
    report, samples = Report.model_validate_json(text), read_samples(folder / "samples.jsonl")
    assert report.model_dump_json(indent=2) + "\n" == text
    assert (report.samples, report.unscored, report.config.model) == (14, 1, "skittish")
    assert report.overall == metrics(samples)
    assert report.by_type == by_type(samples)


@pytest.mark.parametrize("step", ["write_text", "replace"])
def test_a_failed_write_leaves_the_old_report(folder: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    write_report(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "samples.jsonl").write_text(sampled(RUN[0], "none").model_dump_json() + "\n", encoding="utf-8")
    before["samples.jsonl"] = (folder / "samples.jsonl").read_bytes()

    def full(path: Path, *_: object, **__: object) -> None:
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, step, full)
    with pytest.raises(OSError, match="No space left"):
        write_report(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_words_from_annotators_are_not_called_the_cause() -> None:
    sample = sampled(RUN[0], "none").model_copy(update={"features": []})
    assert [card.reason for card in cards([sample])] == ['Words marked by annotators: "kill".']


def test_a_word_that_hardly_matters_is_pale_where_scores_are_nats() -> None:
    weak = sampled(RUN[0], "none").model_copy(update={"features": [KILL.model_copy(update={"score": 0.4}), FROZEN]})
    found = {name: cards([weak], name)[0].turns[0].pieces for name in ("ig", "black_box")}
    levels = {name: [piece.level for piece in cut if piece.score] for name, cut in found.items()}
    assert levels == {"ig": [1, 0], "black_box": [5, 0]}


def test_a_repeated_record_id_keeps_its_own_card() -> None:
    twice = [sampled(RUN[0], m) for m in ("none", "none", "steer", "steer")]
    assert [(card.base.mitigation, len(card.mitigated)) for card in cards(twice)] == [("none", 1), ("none", 1)]


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        ([sampled(RUN[4], "none")], "m answered 0 of 1 unsafe prompts."),
        ([sampled(RUN[6], "none")], "Nothing was scored."),
        ([sampled(RUN[0], "none")], "m refused 1 of 1 harmless prompts."),
        (
            [sampled(RUN[2], m) for m in ("none", "steer")],
            "m refused 1 of 1 harmless prompts. steer did not lower that.",
        ),
        (
            [sampled(RUN[0], m) for m in ("none", "ignore_word", "steer")],
            "m refused 1 of 1 harmless prompts. Of 2 mitigations, ignore word lowered that most, to 0.",
        ),
    ],
)
def test_headline_without_one_side(samples: list[Sample], said: str) -> None:
    assert headline("m", metrics(samples)) == said


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("config.json", None, "has no config.json"),
        ("samples.jsonl", None, "has no samples.jsonl"),
        ("samples.jsonl", "", "has no samples yet"),
        ("samples.jsonl", '{"record_id": "a', "has no samples yet"),
        ("samples.jsonl", '{"record_id": "a\n', "Sample in .* is broken"),
        ("config.json", "{}", "Config in .* is broken"),
    ],
)
def test_a_folder_without_a_run_says_what_to_do(folder: Path, name: str, content: str | None, said: str) -> None:
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        write_report(folder)
