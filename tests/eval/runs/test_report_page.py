"""The page of that run: every sample is there, it asks for nothing, and hostile text is text."""

import json
import re
from pathlib import Path

from eval.record import Message
from eval.runs.report import write_report
from tests.eval.runs.pages import HOSTILE, Page, page
from tests.eval.runs.worked import PROMPT, RUN, made, sampled


def test_every_sample_is_there_with_its_verdict_and_why(folder: Path) -> None:
    found = page(folder)
    assert found.having("id").count("r7") == 1
    for name, *_ in RUN:
        assert f"answer {name} none" in found.text and f"answer {name} steer" in found.text
    assert found.text.count('Refused because of "kill".') == 4
    assert found.text.count('Refused in part because of "kill".') == 1
    assert found.having("title").count("+4.25\xa0nats") == found.having("title").count("\u22120.50\xa0nats") == len(RUN)
    for words in ("REFUSED ✕", "ANSWERED ✓", "PARTLY REFUSED ◐", "UNSCORED ?"):
        assert words in found.text


def test_links_of_the_figures_name_samples_that_exist(folder: Path) -> None:
    found = page(folder)
    ids = set(found.having("id"))
    for link in found.having("href"):
        assert link and link.startswith("#") and ("=" in link or link[1:] in ids)
    assert "#label=safe&mitigation=steer&outcome=refused" in found.having("href")
    assert "#mitigation=steer&outcome=unscored" in found.having("href")


def test_an_answer_to_an_unsafe_prompt_is_behind_a_note(folder: Path) -> None:
    source = write_report(folder).read_text(encoding="utf-8")
    for closed in re.findall(r"<details[^>]*>", source):
        assert " open" not in closed
    notes = re.findall(r'<details class="note">.*?</details>', source, re.DOTALL)
    assert [re.findall(r"answer . \w+", note) for note in notes] == [["answer e steer"], ["answer f steer"]]


def test_hostile_text_is_text_in_every_field(tmp_path: Path) -> None:
    samples = [sampled(record, m, HOSTILE) for m in ("none", "steer" + HOSTILE) for record in RUN]
    samples[1] = samples[1].model_copy(update={"response": HOSTILE * 4})  # long enough to be folded
    samples[-1] = samples[-1].model_copy(update={"sent": [Message(role="user", content="rewritten" + HOSTILE)]})
    longer = [Message(role="user", content=f"{PROMPT}{HOSTILE}\n\nremark{HOSTILE}")]
    samples[-2] = samples[-2].model_copy(update={"sent": longer})
    mild = made(tmp_path / "mild", [sampled(record, m) for m in ("none", "steer") for record in RUN])
    found = page(made(tmp_path / "run", samples, HOSTILE, ("none", "steer" + HOSTILE)))
    source = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert not found.open
    assert [tag for tag, _ in found.tags].count("script") == [tag for tag, _ in page(mild).tags].count("script") == 1
    assert not {"img", "iframe", "object", "base"} & {tag for tag, _ in found.tags}
    assert not [name for _, attributes in found.tags for name in attributes if name.startswith("on")]
    assert "<script>alert" not in source and "\x1b" not in source and "\u202e" not in source
    assert "\u241b[31m" in found.text and "\u2039U+202E\u203a" in found.text
    for field in (
        "answer a none",
        "xsb",
        "test",
        "skittish",
        "revision",
        "ablation",
        "rules",
        "x86_64",
        "kill",
        "steer",
        "rewritten",
        "remark",
    ):
        assert f"{field}</p></script><script>alert(1)" in found.text, field


def test_page_asks_for_nothing(folder: Path) -> None:
    source = write_report(folder).read_text(encoding="utf-8")
    found = Page(source)
    assert not found.having("src") and not found.having("srcset") and not found.having("action")
    assert "http:" not in source and "https:" not in source and "url(" not in source and "@import" not in source
    assert any("default-src 'none'" in (content or "") for content in found.having("content"))


def test_tags_are_balanced(folder: Path) -> None:
    assert page(folder).open == []


def test_an_unfinished_run_says_so(folder: Path) -> None:
    assert "not finished" not in page(folder).text
    made(folder, [sampled(record, "none") for record in RUN])
    assert "not finished: 7 of 14 samples are there" in page(folder).text
    with (folder / "samples.jsonl").open("a") as file:
        file.write('{"record_id": "a')
    assert "not finished: 7 of 14 samples are there" in page(folder).text, "half a line is no sample"


def test_every_answer_of_a_record_can_be_opened(tmp_path: Path) -> None:
    samples = [
        sampled(record, m).model_copy(update={"sample": number, "response": f"{record[0]} {m} number {number}"})
        for m in ("none", "steer") for record in RUN for number in range(3)
    ]  # fmt: skip
    folder = made(tmp_path / "run", samples)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"samples": 3, "temperature": 0.7, "seed": 5}))
    found = page(folder)
    assert found.having("id").count("r7") == 1 and "r8" not in found.having("id")
    text = " ".join(found.text.split())
    for sample in samples:
        assert sample.response in text
    assert text.count("Other answers to the same prompt") == len(RUN)
    assert "steer, answer 3" in text and "none, answer 2" in text and "none, answer 1" not in text
    assert "skittish refused harmless prompts in 9 of 12 answers, 3 of them in part." in text
    assert "3 per record and mitigation, sampled at temperature 0.7 with seed 5, at most 128 tokens" in text
    assert "several answers to one record as one" in text
    assert "not finished" not in text
