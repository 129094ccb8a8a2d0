"""What the page says of records, and that nothing of them is markup."""

from html.parser import HTMLParser
from pathlib import Path
from time import process_time

import pytest

from eval.record import Message, Record
from space_app.explore.choice import Choice, find
from space_app.explore.look import error_html, filters_html, page_html, record_html
from space_app.explore.records import Records, records_of
from space_app.explore.tab import shown
from tests.space_app.explore.dataset import HOSTILE, HOSTILES, homonyms, write


class Seen(HTMLParser):
    """Tags, attributes and texts of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.links, self.texts = set[str](), set[str](), list[str](), list[str]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "data-copy")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())


def test_nothing_of_a_record_is_markup(tmp_path: Path) -> None:
    records = records_of(str(write(tmp_path / "xsb", [*homonyms(), *HOSTILES], version=HOSTILE)))
    choices = [Choice(type=HOSTILE), Choice(q="kill"), Choice(q=HOSTILE[:40], topic=HOSTILE, label=HOSTILE)]
    pages = [html for choice in choices for html in _pages(records, choice)]
    pages += [record_html(records, records.get(one.id), Choice(q="script", record=one.id), 4) for one in HOSTILES]
    pages += [str(shown(str(tmp_path / "xsb"), {"record": HOSTILE})["results"]), error_html(HOSTILE, HOSTILE, HOSTILE)]
    for html in pages[:-1]:
        seen = Seen(html)
        assert not seen.tags & {"script", "img", "iframe", "style", "object"}
        assert not [name for name in seen.attributes if name.startswith("on") or name == "style"]
        assert all(link.startswith("?tab=") for link in seen.links), seen.links
        assert not set(html) & {"\x1b", "\u202e"}
    assert "img" not in Seen(pages[-1]).tags
    assert "<script>alert(1)</script>" in Seen(pages[0] + pages[1]).text


def _pages(records: Records, choice: Choice) -> list[str]:
    found = find(records, choice)
    return [filters_html(choice, found), page_html(records, choice, found)]


@pytest.mark.parametrize("words", ["", "shoot o oo", "i I the"])
def test_marks_leave_a_text_as_it_is(words: str) -> None:
    records = Records(homonyms(), "some")
    for record in records.all[:60]:
        for text in (message.content for message in record.messages):
            assert " ".join(text.split()) in Seen(record_html(records, record, Choice(q=words), 1)).text


def test_what_was_searched_for_is_marked_within_a_focus_too() -> None:
    records = Records(homonyms(), "some")
    html = page_html(records, choice := Choice(q="SHOOT shoots garlic oo"), find(records, choice))
    assert 'sprouts"><span class="hit">shoots</span></mark>' in html and '<span class="hit">garlic</span>' in html
    html = page_html(records, choice := Choice(q="hoot garlic"), find(records, choice))
    assert '">s<span class="hit">hoot</span>s</mark>' in html


def test_a_search_for_many_words_in_a_long_text_is_as_fast() -> None:
    record = homonyms()[0].model_copy(update={"messages": [Message(role="user", content="ab" * 50_000)]})
    long = record.model_copy(update={"focus": [], "focus_spans": [], "neutral": []})
    begun = process_time()
    _one(long, q=" ".join("ab" * n for n in range(1, 10)) + " a b" * 20)
    assert process_time() - begun < 3  # every pair of places would take minutes


def test_a_card_shows_focus_contrast_and_review() -> None:
    records = Records(homonyms(), "some")
    html = page_html(records, choice := Choice(q="garlic"), find(records, choice))
    text = Seen(html).text
    assert '<mark class="focus" title="Focus; a neutral word: sprouts">shoots</mark>' in html
    for part in (
        "SAFE ○ homonyms gardening xsb-homonyms-001", "The same word in an unsafe request UNSAFE ▲",
        "Why Shoots are young plants here", "Focus shoots → sprouts unreviewed source xsb", "Open in Try",
    ):  # fmt: skip
        assert part in text, part
    assert "?tab=try&record=xsb-homonyms-001" in Seen(html).links


def test_a_dialogue_shows_its_last_turns_and_folds_the_rest() -> None:
    records = Records(homonyms(), "some")
    html = page_html(records, choice := Choice(q="flea market"), find(records, choice))
    folded, last = html.split("</details>")
    assert "all 5 turns" in folded and folded.count('class="turn') == 3
    assert last.count('class="turn') == 2 and "flea" in last.split("<aside")[0]
    opened = record_html(records, records.get("ms-xsb-airport-signs-01"), Choice(), 1)
    assert "<details" not in opened and opened.count('class="turn') == 5


def test_reviewers_are_counted() -> None:
    told = {one.review.status: Seen(_one(one)).text for one in (homonyms()[0], HOSTILES[0])}
    assert "Unreviewed by humans." in told["unreviewed"]
    assert "In review, reviewed by 2, 50 % agree." in told["in_review"]


def _one(record: Record, q: str = "") -> str:
    return record_html(Records([record], "one"), record, Choice(q=q), 1)


def test_pages_link_to_their_neighbours() -> None:
    first = homonyms()[0]
    records = Records([first.model_copy(update={"id": f"r{n:04}"}) for n in range(1000)], "many")
    html = page_html(records, choice := Choice(label="safe", page=25), find(records, choice))
    assert html.count("<article") == 20 and "r0480" in html and "r0499" in html and "r0500" not in html
    assert Seen(html[html.index("<nav") :]).text[2:-2] == "previous 1 … 23 24 25 26 27 … 50 next"
    assert "?tab=explore&label=safe&p=26" in Seen(html).links
    beyond = page_html(records, choice := Choice(page=999), find(records, choice))
    assert "r0999" in beyond and 'rel="next"' not in beyond


def test_nothing_found_says_what_was_asked_and_how_to_go_on() -> None:
    html = page_html(
        records := Records(homonyms(), "some"), choice := Choice(q="zebra", label="safe"), find(records, choice)
    )
    assert "No record is like that: none has the words “zebra” and label safe." in Seen(html).text
    assert Seen(filters_html(choice, find(records, choice))).links == ["?tab=explore"], "the way to clear them"


def test_a_dataset_that_cannot_be_loaded_is_told_with_a_way_to_try_again(tmp_path: Path) -> None:
    page = shown("lab/Nix", {"tab": "explore", "type": "homonyms"}, 7)
    seen = Seen(page["results"])
    assert "Nothing can be shown: there is no folder lab/Nix here" in seen.text
    assert seen.links == ["?tab=explore&type=homonyms"] and page["filters"] == "" and page["serial"] == 7
    folder = write(tmp_path / "XSB", homonyms(), version="1.0\x1b[1m")
    told = shown(str(folder), {"type": "homonyms"})["say"]
    assert told == f"104 of {len(homonyms())} records. Shown is version 1.0␛[1m, from the folder {folder}."
