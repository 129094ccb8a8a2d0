"""The check of cards, on cards that are wrong in one way each."""

import pytest

from hub_cards.check import numbers, problems
from tests.hub_cards.facts import REPORT, dataset

FACTS = {"records": 1638, "share": 0.7394, "negative": -0.25, "name": "v2 of 0.1.0", "per": {"12": None}, "whole": 3.0}


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ("# A\n{{ records }} records", "a placeholder, {{"),
        ("# A\n{% if x %}", "a placeholder, {%"),
        ("# A\nIts licence is T" + "BD.", "a placeholder, T" + "BD"),
        ("# A\nLorem ipsum dolor", "a placeholder, Lorem ipsum"),
        ("# A\n[More Information Needed]", "a placeholder, More Information Needed"),
        ("# A\n| share | None |", "a placeholder, | None"),
        ("# A\nPut your-name-here.", "a placeholder, your-name-here"),
        ("# A\ntext\n## B\n## C\ntext", "an empty section: B"),
        ("# A\ntext\n## B\n\n", "an empty section: B"),
        ("# A\nsee [b](b.md)", "a link to nowhere: b.md"),
        ("# A\nsee [b](#absent)", "a link to nowhere: #absent"),
        ("# A\nsee [b](http://x.test)", "a link to nowhere: http://x.test"),
        ("# A\nsee `absent.json`", "a file that is not there: absent.json"),
        ("# A\n1639 records", "no report holds the number 1639: 1639 records"),
        ("# A\n73.8 %", "no report holds the number 73.8: 73.8 %"),
        ("# A\nversion v0.1.1", "no report holds the number v0.1.1: version v0.1.1"),
        ("---\nsize: 1639\n---\n# A\ntext", "no report holds the number 1639: size: 1639"),
    ],
)
def test_what_is_wrong_is_said(card: str, said: str) -> None:
    (found,) = problems(card, FACTS, ("report.json",))
    assert found.startswith(said)


@pytest.mark.parametrize(
    "card",
    [
        "# A\n## B\ntext [a](#a), [r](report.json), [x](https://x.test), `report.json`",
        "# A\n1638, 1,638; 0.74, 0.739, 73.9 %, 74 %; -0.25; 12; 3.0; v0.1.0, 0.1.0, v2",
        "# A\n95 % intervals, arXiv 2510.08158, CC-BY-4.0",
        "# A\na model called `T" + "BD {{x}}`",
        "# A\n```\n# a comment in code, no heading\n```",
    ],
)
def test_what_is_right_passes(card: str) -> None:
    assert problems(card, FACTS, ("report.json",)) == []


def test_numbers_in_every_way_of_writing() -> None:
    assert numbers({"a": [1638]}) == {"1638", "1,638"}
    assert numbers([True, None, "none"]) == set()
    assert {"0.7394", "0.74", "0.739", "73.9", "74"} <= numbers(0.7394)


def test_every_number_of_a_card_is_looked_at() -> None:
    """Whichever line of figures is spoilt, it is found."""
    card = dataset()
    assert problems(card, REPORT) == []
    lines = card.splitlines()
    spoilt = 0
    for at, line in enumerate(lines):
        if not line.startswith("| `") or not any(c.isdigit() for c in line):
            continue
        wrong = line.replace("1", "91").replace("8", "87").replace("0 of", "93 of").replace("2", "92")
        found = problems("\n".join([*lines[:at], wrong, *lines[at + 1 :]]), REPORT)
        assert found, wrong
        spoilt += 1
    assert spoilt >= 4
