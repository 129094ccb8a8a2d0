"""What the report says of judges: notes, agreement, harm and prompts, on the page and in the terminal."""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from eval.judges import REFUSAL
from eval.judges.verdict import JudgeFacts
from eval.look.terminal import show_judging
from eval.runs.conditions import met, parse
from eval.runs.differences import differences
from eval.runs.metrics import metrics
from eval.runs.notes import agreements, notes
from eval.runs.report import read_run
from eval.runs.sample import Sample
from eval.runs.view import show_metrics
from tests.eval.runs.pages import HOSTILE, page
from tests.eval.runs.worked import RUN, beside, harmful, made, sampled

NONE = [sampled(record, "none") for record in RUN]
BINARY = JudgeFacts(name="classifier:x", asked="refusal", revision="", labels=["full_compliance", "full_refusal"])


@pytest.mark.parametrize(
    ("samples", "judges", "said"),
    [
        (NONE, [], []),
        (NONE[:4], [], ["All records are labelled safe, so this says nothing of unsafe compliance."]),
        (
            NONE[4:6], [],
            ["All records are labelled unsafe, so this says nothing of false refusals.",
             "All 2 scored answers have the verdict full refusal."],
        ),
        ([NONE[6], NONE[6]], [], ["All 2 scored answers have the verdict full compliance."]),
        (NONE, [BINARY], ["The judge classifier:x knows no partial refusal."]),
    ],
)  # fmt: skip
def test_notes(samples: list[Sample], judges: list[JudgeFacts], said: list[str]) -> None:
    assert notes(samples, judges) == said


def test_answers_that_are_none_are_told_by_kind() -> None:
    filtered = REFUSAL.says("full_refusal", "stopped", 1.0, "none", "content_filter")
    samples = [*NONE, *(sample.model_copy(update={"verdict": filtered}) for sample in NONE[:2])]
    assert notes(samples, []) == ["Among the full refusals: 2 stopped by a content filter."]


def test_a_suite_is_no_second_label() -> None:
    suite = NONE[4].model_copy(update={"suite": "adversarial"})
    assert (
        notes([*NONE[:4], suite], [])[0] == "All records are labelled safe, so this says nothing of unsafe compliance."
    )


def heard() -> list[Sample]:
    """Of two unsafe prompts one is answered under steer, where it helps; one answer could not be judged."""
    steer = [sampled(record, "steer") for record in RUN]
    told = {("none", "e"): "harmless", ("none", "f"): "harmless", ("steer", "e"): "harmful", ("steer", "f"): "harmful"}
    return [
        harmful(sample, told[sample.mitigation, sample.record_id]) if sample.label == "unsafe" else sample
        for sample in (*NONE, *steer)
    ]


def test_harmful_compliance_by_hand() -> None:
    none, steer = metrics(heard())
    assert none.harmful_compliance and steer.harmful_compliance and steer.harmful_adversarial
    assert (none.harmful_compliance.count, none.harmful_compliance.scored) == (0, 2)
    assert (steer.harmful_compliance.count, steer.harmful_compliance.scored) == (1, 2), "a part does not comply"
    assert (steer.harmful_adversarial.scored, steer.harm_unscored) == (0, 0)
    (found,) = (one for one in differences(heard()) if one.figure == "harmful_compliance")
    assert (found.records, found.difference, found.only_after) == (2, 0.5, 1)
    assert met([parse("steer.harmful_compliance > 0.4")], [none, steer])


def test_an_answer_whose_harm_is_unscored_is_in_no_share() -> None:
    samples = [harmful(NONE[4], "unscored"), harmful(NONE[5], "harmless")]
    (none,) = metrics(samples)
    assert none.harmful_compliance and (none.harmful_compliance.scored, none.harm_unscored) == (1, 1)
    assert none.unsafe_compliance.scored == 2


def test_harm_in_a_suite_is_apart() -> None:
    answered = sampled(RUN[4], "steer").model_copy(update={"suite": "adversarial"})
    (steer,) = metrics([harmful(answered, "harmful"), harmful(sampled(RUN[5], "steer"), "harmless")])
    assert steer.harmful_adversarial and steer.harmful_compliance
    assert (steer.harmful_adversarial.count, steer.harmful_compliance.count) == (1, 0)


def test_agreement_is_of_the_answers_that_judges_were_asked_about() -> None:
    samples = [beside(NONE[0], "full_refusal"), beside(NONE[1], "full_refusal"), beside(NONE[3], "unscored"), NONE[2]]
    (found,) = agreements(samples)
    assert (found.first, found.second) == ("rules", "llm:m")
    assert (found.agree.count, found.agree.scored, found.unscored) == (1, 2, 1)
    assert agreements(NONE) == []


def folder_of(tmp_path: Path, samples: list[Sample], word: str = "") -> Path:
    folder = made(tmp_path / "run", samples, word, ("none", "steer" + word))
    config = json.loads((folder / "config.json").read_text())
    facts: dict[str, Any] = {"revision": "unknown", "model": "m" + word, "endpoint": "host" + word}
    judges = [
        {**facts, "name": f"llm:{name}{word}", "asked": asked, "labels": ["full_refusal"], "prompt": "Say it." + word,
         "prompt_hash": "0123456789ab"}
        for name, asked in (("m", "refusal"), ("h", "harm"))
    ]  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config | {"judges": judges, "harm_judge": "llm:h" + word}))
    return folder


def test_the_page_has_agreement_harm_and_the_prompt_folded(tmp_path: Path) -> None:
    samples = [beside(sample, sample.verdict.label) for sample in heard()]
    folder = folder_of(tmp_path, samples)
    found = page(folder)
    body = " ".join(found.text.split())
    assert not found.open
    assert "and really helps to do harm: 1/2 50 %, 9 to 91 %" in body and "0/2 0 %, 0 to 66 %" in body
    assert "rules, llm:mconfusion" in body and "13/13 100 %" in body and "llm:m: REFUSED ✕" in body
    assert body.count("really helps to do harm") >= 3
    assert "asked about refusal, model m at host, revision unknown, prompt 0123456789ab" in body
    source = (folder / "report.html").read_text(encoding="utf-8")
    assert source.count("Say it.") == 2
    assert "<details><summary>prompt of llm:m about refusal</summary>" in source
    plain = page(made(tmp_path / "plain", NONE)).text
    assert "harm" not in plain.split("About this run")[0] and "Agreement between judges" not in plain


def test_what_judges_quote_of_an_unsafe_answer_is_behind_its_note(tmp_path: Path) -> None:
    samples = [beside(harmful(s, "harmful", "QUOTE"), "full_refusal", "QUOTE") for s in heard() if s.label == "unsafe"]
    page(folder_of(tmp_path, samples))
    source = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    samples_only = source.split('<h2 id="samples">')[1].split("<footer>")[0]
    shown = re.sub(r'<details class="note">.*?</details>', "", samples_only, flags=re.DOTALL)
    assert samples_only.count("“QUOTE”") == 8 and shown.count("“QUOTE”") == 4, "two refused, two answered"


def test_hostile_text_of_judges_is_text(tmp_path: Path) -> None:
    samples = [beside(harmful(sample, "harmful", HOSTILE), "full_refusal", HOSTILE) for sample in heard()]
    found = page(folder_of(tmp_path, samples, HOSTILE))
    source = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert not found.open and [tag for tag, _ in found.tags].count("script") == 1
    assert "<script>alert" not in source and "\u202e" not in source
    for field in ("llm:m", "llm:h", "Say it.", "host"):
        assert f"{field}</p></script><script>alert(1)" in found.text, field


def test_the_terminal_shows_the_same(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [beside(sample, sample.verdict.label) for sample in heard()])
    config, samples = read_run(folder)
    out = StringIO()
    console = Console(file=out, width=80)
    show_metrics(samples, console)
    show_judging(notes(samples, config.judges), agreements(samples), console)
    shown = " ".join(out.getvalue().split())
    assert "complied and really helps to do harm unsafe 95 % interval none 0/2 = 0% 0% to 66% steer 1/2 = 50%" in shown
    assert "rules and llm:m on 13 answers, 1 more not scored by both" in shown
    assert "agree 13/13 = 100%" in shown and "kappa 1.00" in shown
