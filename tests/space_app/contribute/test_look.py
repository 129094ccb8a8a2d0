"""The form as HTML: nothing typed is markup, and everything that was typed is there."""

import json
from html.parser import HTMLParser
from urllib.parse import parse_qs

import pytest

from builder.contribute.beside import beside
from builder.guidelines import section
from builder.shipped import RECORDS
from eval.record import TYPES
from space_app.contribute.draft import EMPTY, SCENARIO, Draft, Focus, Text, read_draft
from space_app.contribute.look import Sent, form_html, guide
from space_app.contribute.looked import look_at
from space_app.contribute.plainly import plainly
from tests.space_app.contribute import drafts

THERE = beside(RECORDS)
HOSTILE = "\"><img src=x onerror=alert(1)> <script>alert(2)</script> ![x](http://x.invalid/x.png) \x1b[31m ' onx='"


class Found(HTMLParser):
    """Tags, names of attributes, and values of fields."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.names, self.links = set[str](), set[str](), list[str]()
        self.parts = list[str]()
        self.form: dict[str, str | None] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names |= {name for name, _ in attributes}
        self.links += [str(value) for name, value in attributes if name == "href"]
        self.parts += [str(value) for name, value in attributes if name == "data-parts"]
        if tag == "form":
            self.form = dict(attributes)


def html(draft: Draft, **more: object) -> str:
    return form_html(look_at(draft, THERE), THERE, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["prompt", "dialogue"])
def test_nothing_that_is_typed_becomes_markup(form: str) -> None:
    focus = (Focus(word="<script>alert(2)</script>", neutral=HOSTILE), Focus(word=HOSTILE))
    texts = tuple(
        Text(prompt=HOSTILE, label=label, focus=focus, topic=HOSTILE, why=HOSTILE) for label in ("safe", "unsafe")
    )
    shared = dict.fromkeys(("type", "name", "topic"), HOSTILE)
    draft = Draft.model_validate({**shared, "form": form, "context": (HOSTILE, HOSTILE), "texts": texts})
    sent = Sent(problem=HOSTILE)
    found = Found(html(draft, hub="lab/xsb", signed="bert", sent=sent, failure=HOSTILE))
    assert not found.tags & {"script", "img"} and not {name for name in found.names if name.startswith("on")}
    assert all(link.startswith("?tab=") for link in found.links)


def test_two_chosen_neighbours_can_be_joined_whatever_they_are() -> None:
    focus = (Focus(word="onclick=alert(1)"), Focus(word="x\"y'<b>"))
    text = Text(prompt="Why onclick=alert(1) x\"y'<b> now", focus=focus)
    found = Found(html(Draft(texts=(text, Text(label="unsafe")))))
    assert "onclick" not in found.names and [json.loads(one) for one in found.parts] == [[f.word for f in focus]]


@pytest.mark.parametrize("draft", [EMPTY, SCENARIO, drafts.PROMPT, drafts.SCENARIO])
def test_the_form_and_its_link_hold_the_draft(draft: Draft) -> None:
    found = Found(html(draft))
    assert read_draft(found.form["data-draft"]) == draft
    links = [parse_qs(link[1:]) for link in found.links if link.startswith("?tab=contribute")]
    assert [read_draft(link["draft"][0]) for link in links] == ([] if draft in (EMPTY, SCENARIO) else [draft])


def test_a_finished_form_shows_its_file_and_where_it_goes() -> None:
    page = html(drafts.PROMPT)
    number = THERE.free_number("safe_targets")
    assert f"builder/records/xsb/safe_targets-{number:03d}.yaml" in page and "git push -u origin" in page
    tries = [parse_qs(link[1:])["prompt"][0] for link in Found(page).links if link.startswith("?tab=try")]
    assert tries == [text.prompt for text in drafts.PROMPT.texts]
    scenario = html(drafts.SCENARIO)
    assert "builder/records/ms_xsb/flour-shift.yaml" in scenario
    (link,) = [link for link in Found(scenario).links if link.startswith("?tab=try")]
    assert json.loads(parse_qs(link[1:])["dialogue"][0])[-1] == ["user", drafts.SCENARIO.texts[0].prompt]


def test_a_link_is_not_longer_than_servers_let_pass() -> None:
    long = Draft(texts=(Text(prompt="word " * 390, label="safe"), *EMPTY.texts[1:]) * 5)
    assert "Too long for a link" in html(long)


def test_only_who_is_signed_in_can_send_and_only_what_is_right() -> None:
    assert "Hub" not in html(drafts.PROMPT)
    assert "Sign in" in html(drafts.PROMPT, hub="lab/xsb")
    assert 'data-do="send"' in html(drafts.PROMPT, hub="lab/xsb", signed="bert")
    assert 'data-do="send"' not in html(EMPTY, hub="lab/xsb", signed="bert")


def test_a_form_with_blanks_says_how_many_and_what_comes_then() -> None:
    assert "9 fields are still blank (○). The file to send appears here when they are filled." in html(EMPTY)
    one = drafts.PROMPT.model_copy(
        update={"texts": (drafts.PROMPT.texts[0].model_copy(update={"why": ""}), drafts.PROMPT.texts[1])}
    )
    assert "1 field is still blank (○). The file to send appears here when it is filled." in html(one)
    assert "or send it" not in html(one, hub="lab/xsb", signed="bert").lower()
    sent = html(drafts.PROMPT, hub="lab/xsb", signed="bert", sent=Sent(url="https://hub.invalid/1", new=True))
    assert "https://hub.invalid/1" in sent and 'data-do="send"' not in sent


def test_problems_are_in_the_words_of_the_form() -> None:
    assert plainly("focus 'turn 5' stands unmarked in turn 2, 1 x") == "focus 'turn 5' stands unmarked in turn 3, 1 x"
    assert plainly("`turn 0` holds U+200B") == "turn 1 holds U+200B"
    assert plainly("`topic` has blanks at an end") == "the topic has blanks at an end"
    lost = "focus 'gone' is listed 1 times but stands 0 times as a whole word in turn 0; copy it exactly"
    shown = "'gone' does not stand in the text as a word of its own; take it out, or choose it anew"
    assert plainly(lost) == shown
    begun = drafts.PROMPT.texts[0].model_copy(update={"focus": (Focus(word="gone", neutral="lost"),)})
    page = html(drafts.PROMPT.model_copy(update={"texts": (begun, drafts.PROMPT.texts[1])}))
    assert shown.replace("'", "&#39;") in page and "is listed 1" not in page
    assert '<span class="label">turn 1 </span>' in html(drafts.SCENARIO)


def test_what_is_no_form_is_kept_beside_an_empty_one() -> None:
    page = html(EMPTY, failure="too much", refused=f"{HOSTILE} kept")
    found = Found(page)
    assert found.form["data-refused"] == "too much" and "What was kept" in page and not found.tags & {"script", "img"}
    given = Found(html(EMPTY, failure="This address holds no form."))
    assert given.form["data-refused"] == "" and "What was kept" not in html(
        EMPTY, failure="This address holds no form."
    )


@pytest.mark.parametrize("kind", TYPES)
def test_the_guidelines_are_shown_whole(kind: str) -> None:
    shown = " ".join(part for block in guide(kind) for _, part in block.parts)
    wanted = section(kind).replace("_", " ").replace("*", "").replace("\n- ", "\n")
    assert shown.split() == wanted.removeprefix("- ").split() or "".join(shown.split()) == "".join(wanted.split())
    assert guide(kind)[0].parts[0] == (True, "Is")
