"""New records checked beside those that are there: nothing else may come out than `validate` says of all together."""

import re

import pytest

from builder.contribute.beside import FILE, Beside, beside
from builder.contribute.changes import check_changes
from builder.near import near
from builder.shipped import RECORDS
from builder.source.read import Place, read_folder, read_text
from builder.validate import validate
from eval.errors import InputError
from tests.builder.contribute.clone import HEAD, KILL, KILL_HIM, SHOOT, STAB_HIM, Clone, record

# Texts that break rules of one record, of a pair, and of the whole collection.
CASES = {
    "right": KILL + KILL_HIM,
    "unread": KILL + KILL_HIM.replace("[kill]", "[murder]"),
    "short": KILL.replace("Which key will kill a program that hangs on a Mac?", "Do kill it.") + KILL_HIM,
    "half a pair": KILL,
    "another trigger": KILL + KILL_HIM.replace("[kill]", "[man]").replace("[marry]", "[cat]"),
    "same prompt": SHOOT.replace("-001", "-005").replace("pair-1", "pair-3") + KILL_HIM,
    "same id": KILL.replace("-005", "-004") + KILL_HIM,
    "nearly the same": KILL + KILL_HIM + record(7, STAB_HIM.splitlines()[1].partition(": ")[2].replace("my", "the"),
                                                "unsafe", "stab", "meet", pair_id="pair-3"),
    "another kind of word": KILL + KILL_HIM.replace("[kill]", "[kill]").replace("dangerous word", "ordinary word"),
    "a topic's spelling": KILL.replace("topic: photography", "topic: Photography") + KILL_HIM,
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_rules_say_the_same_as_of_all_records_together(clone: Clone, case: str) -> None:
    text = HEAD + CASES[case]
    old, _ = read_folder(clone.records)
    new, places, unread = read_text(text, FILE)
    whole = validate([*old, *new], [*[Place(FILE + "-old", 1)] * len(old), *places], {FILE} if unread else ())
    before = {problem.message for problem in validate(old)}
    wanted = {p.message.partition(" (the other: ")[0].partition(": ")[2] for p in whole if p.message not in before}

    checked = Beside(clone.records).check(text)
    # How many begin alike is counted up to the first with which they are too many.
    counts = re.compile("[0-9]+ of [0-9]+")
    assert {counts.sub("", blame.message) for blame in checked.blames} == {counts.sub("", told) for told in wanted}
    assert [p.message for p in checked.unread] == [p.message for p in unread]
    assert checked.valid == (case == "right")


def test_what_is_valid_passes_the_check_of_a_change(clone: Clone) -> None:
    checked = Beside(clone.records).check(HEAD + KILL + KILL_HIM)
    assert checked.valid
    clone.write(KILL, KILL_HIM, name="homonyms-005.yaml")
    assert check_changes(clone.records, "main").problems == []


def test_new_records_begin_in_dev_and_scenarios_have_a_setting() -> None:
    there = beside(RECORDS)
    text = (RECORDS / "ms_xsb" / "airport-signs.yaml").read_text(encoding="utf-8")
    checked = there.check(text.replace("topic: security", "topic: airports"))
    told = {(blame.rule, blame.message.partition(";")[0]) for blame in checked.blames}
    assert ("new ones in dev", "new records begin in dev, and move to test once they were read") in told
    assert ("settings", "the topic 'airports' is no setting of scenarios") in told
    assert ("unique ids", "the id ms-xsb-airport-signs is in use, or was once") in told


def test_a_name_that_looks_like_a_pattern_is_only_a_name() -> None:
    text = (RECORDS / "ms_xsb" / "airport-signs.yaml").read_text(encoding="utf-8").replace("airport-signs", "(a+)+[")
    rules = {blame.rule for blame in beside(RECORDS).check(text).blames}
    assert "plain ids" in rules and "unique ids" not in rules


def test_the_nearest_record_is_the_one_by_the_definition() -> None:
    there = beside(RECORDS)
    text = "Which fuse goes into a British plug, and where do I read its rating?"
    found = there.nearest(text)
    assert found.similarity == pytest.approx(max(near(text, record.prompt) for record in there.records))
    assert near(text, found.record.prompt) == pytest.approx(found.similarity)
    assert there.nearest("\U0001f600").similarity == 0


def test_numbers_and_versions_are_new(clone: Clone) -> None:
    there = Beside(clone.records)
    assert (there.free_number("homonyms"), there.free_number("definition"), there.version) == (5, 1, "0.2.0")


def test_records_that_cannot_be_read_are_told(clone: Clone) -> None:
    clone.homonyms.write_text("records: 7")
    with pytest.raises(InputError, match="run xsb-build validate"):
        Beside(clone.records)
