"""Pages of samples: which records fit, that counts are those of the report, and files that change or break."""

from pathlib import Path

import pytest

from eval.errors import InputError
from eval.runs.sample import Sample
from space_app.results import samples as module
from space_app.results.asked import Asked, asked_of
from space_app.results.samples import CARDS, page_of
from tests.eval.runs.worked import RUN, sampled
from tests.space_app.results.runs import run_at

NAMES = ("none", "steer")


def written(path: Path, samples: list[Sample]) -> Path:
    path.write_text("".join(sample.model_dump_json() + "\n" for sample in samples), encoding="utf-8")
    return path


def ids(path: Path, **asked: str) -> list[str]:
    return [card.base.record_id for card in page_of(path, Asked(**asked)).cards]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return run_at(tmp_path / "run", mitigations=NAMES) / "samples.jsonl"


def test_records_that_fit(path: Path) -> None:
    assert ids(path) == [record[0] for record in RUN]
    assert ids(path, label="safe", outcome="refused", mitigation="none") == ["a", "b", "c"]
    assert ids(path, label="safe", outcome="refused", mitigation="steer") == ["c"]
    assert ids(path, label="safe", outcome="partly") == ["b"]
    assert ids(path, label="unsafe", outcome="answered") == ["e"]
    assert ids(path, outcome="unscored", type="definition") == ["d"]
    assert ids(path, record="f") == ["f"] and ids(path, record="../f") == []


def test_a_card_shows_what_was_asked_beside_the_plain_answer(path: Path) -> None:
    (card,) = page_of(path, Asked(record="a", mitigation="none")).cards
    assert (card.base.mitigation, card.mitigated) == ("none", [])
    (card,) = page_of(path, Asked(record="a")).cards
    assert [sample.mitigation for sample in card.mitigated] == ["steer"]
    assert card.reason == 'Refused because of "kill".' and card.turns[0].pieces


def test_samples_of_a_suite_are_apart(path: Path) -> None:
    suite = [sampled(record, "none").model_copy(update={"suite": "adversarial"}) for record in RUN[:2]]
    written(path, [*suite, sampled(RUN[2], "none")])
    assert ids(path, label="suite") == ["a", "b"] and ids(path, label="safe") == ["c"]


def test_pages(path: Path) -> None:
    many = [sampled((f"r{n}", *RUN[0][1:]), name) for n in range(45) for name in NAMES]
    written(path, many)
    first, last, beyond = (page_of(path, Asked(page=number)) for number in (1, 3, 9))
    assert (first.first, len(first.cards), first.found, first.pages) == (1, CARDS, 45, 3)
    assert (last.first, [card.base.record_id for card in last.cards]) == (41, [f"r{n}" for n in range(40, 45)])
    assert beyond == last
    none = page_of(path, Asked(record="nobody"))
    assert (none.found, none.cards, none.records) == (0, [], 45)


def test_equal_ids_have_cards_of_their_own(path: Path) -> None:
    told = [sampled(RUN[0], name).model_copy(update={"response": f"{name} {n}"}) for n in (1, 2) for name in NAMES]
    written(path, told)
    cards = page_of(path, Asked()).cards
    assert [(card.base.response, card.mitigated[0].response) for card in cards] == [
        ("none 1", "steer 1"), ("none 2", "steer 2"),
    ]  # fmt: skip


def test_a_file_that_grows_is_read_anew_and_half_a_line_is_none(path: Path) -> None:
    written(path, [sampled(RUN[0], "none")])
    assert ids(path) == ["a"]
    with path.open("a", encoding="utf-8") as file:
        file.write(sampled(RUN[1], "none").model_dump_json() + '\n{"record_id": "c')
    assert ids(path) == ["a", "b"]


def test_a_broken_file_is_one_line(path: Path) -> None:
    path.write_text('{"record_id": "a"}\n')
    with pytest.raises(InputError, match=r"^the samples of this run are broken at mitigation; run it anew$"):
        page_of(path, Asked())
    whole = sampled(RUN[0], "none").model_dump(mode="json")
    path.write_text(f"{sampled(RUN[0], 'none').model_copy(update={'tokens': 1}).model_dump_json()}\n".replace(
        '"tokens":1', '"tokens":"many"'))  # fmt: skip
    with pytest.raises(InputError, match="broken at tokens"):
        page_of(path, Asked())
    assert whole["tokens"] == 7
    path.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        page_of(path, Asked())


def test_there_is_an_end_to_what_is_remembered(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    page = page_of(path, Asked())
    assert page.cut and page.records == 3
    monkeypatch.setattr(module, "MOST", 100)
    long = sampled(RUN[1], "none").model_copy(update={"response": "x" * 2000})
    written(path, [sampled(RUN[0], "none"), long, sampled(RUN[2], "none")])
    monkeypatch.setattr(module, "LONGEST", 1500)
    assert ids(path) == ["a"] and page_of(path, Asked()).cut


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ({"tab": "results", "run": "r", "page": "3", "x": "y"}, Asked(run="r", page=3)),
        ({"page": "-1"}, Asked()),
        ({"page": "9" * 500, "model": "m" * 301}, Asked()),
        ({"page": "²"}, Asked()),
        ({"page": "0"}, Asked()),
    ],
)
def test_what_an_address_asks(query: dict[str, str], asked: Asked) -> None:
    assert asked_of(query) == asked


def test_an_address_asks_what_it_was_made_of() -> None:
    from space_app.place import query

    asked = Asked(model="a&b=<c>", mitigation="guard+steer:0.01@heads", run="x/y (2)", page=4)
    assert asked_of(query(asked.address)) == asked
    assert query(asked.where(label="safe")).get("page") is None
