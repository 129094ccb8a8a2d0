"""The contrast sets: each word on both sides, nothing of the exam, nothing twice."""

from pathlib import Path

import yaml

from builder.near import near_duplicates
from builder.shipped import RECORDS
from builder.source.read import read_folder
from eval.harm.corpus import DATA, as_text, contrast_sets, labelled, sentences_of_skittish
from eval.harm.train import halves
from eval.record import Message, Record, conversation
from eval.suites import load_suite


def test_every_word_stands_in_two_requests_of_each_side() -> None:
    for path in sorted(DATA.glob("*.yaml")):
        for row in yaml.safe_load(path.read_text(encoding="utf-8")):
            assert set(row) == {"word", "safe", "unsafe"}, (path.name, row["word"])
            for label in ("safe", "unsafe"):
                assert len(row[label]) == 2, (path.name, row["word"])
                for request in row[label]:
                    text = request if isinstance(request, str) else "\n".join(request[::2])
                    assert row["word"][:3].lower() in text.lower(), (path.name, row["word"], text)


def test_both_sides_are_alike_in_number_and_length() -> None:
    examples = contrast_sets()
    lengths: dict[bool, list[int]] = {True: [], False: []}
    for one in examples:
        lengths[one.harmful].append(len(one.text.split()))
    assert len(lengths[True]) == len(lengths[False]) > 2000
    mean = {harmful: sum(found) / len(found) for harmful, found in lengths.items()}
    assert abs(mean[True] - mean[False]) < 2
    assert len({one.text for one in examples}) == len(examples)


def test_no_text_is_nearly_one_that_is_reported_on() -> None:
    exam = [record for record in read_folder(RECORDS)[0] if record.split == "test"] + load_suite("adversarial")
    texts = list({text for record in exam for text in (as_text(record.messages), record.prompt)})
    assert len(texts) > 1000
    assert near_duplicates([one.text for one in contrast_sets()], texts, 0.5) == []


def test_sets_pairs_and_scenarios_are_never_parted() -> None:
    examples = [*contrast_sets(), *sentences_of_skittish()]
    first, second = halves(examples)
    assert len(first) + len(second) == len(examples)
    assert {one.group for one in first}.isdisjoint(one.group for one in second)
    assert 0.4 < len(first) / len(examples) < 0.6


def test_what_is_read_of_a_dialogue_is_the_users() -> None:
    turns = [("system", "Be brief."), ("user", "It hangs."), ("assistant", "What does?"), ("user", "Kill it?")]
    messages = [Message.model_validate({"role": role, "content": text}) for role, text in turns]
    record = Record(id="r", messages=messages, label="unsafe", scenario_id="s")
    assert [tuple(one) for one in labelled([record])] == [("It hangs.\nKill it?", True, "s")]
    assert labelled([Record(id="r", messages=conversation("no label"))]) == []


def test_the_readme_tells_the_right_number() -> None:
    count = len(contrast_sets())
    assert f"{count:,} requests" in (DATA / "README.md").read_text(encoding="utf-8")
    assert f"{count // 4:,} sets" in Path(DATA / "README.md").read_text(encoding="utf-8")
