"""The review page as reviewers use it: in a browser, against the real command."""

import signal
from collections.abc import Callable
from pathlib import Path

from builder.review.opinion import Edit, Opinion, applied
from eval.jsonl import read
from eval.record import Span
from tests.browser.candidates import BALLOONS, BICYCLE, FUSE
from tests.browser.conftest import Reviewer, Server

Come = Callable[[str], Reviewer]


def opinions(server: Server, name: str) -> list[Opinion]:
    return list(read(server.reviews / f"{name}.jsonl", Opinion))


def at(text: str, word: str, turn: int = 0) -> Span:
    return Span(turn=turn, start=text.index(word), end=text.index(word) + len(word))


def bert_is_blind_to_anna(server: Server, person: Come, edit: Edit) -> None:
    bert = person(server.url)
    bert.enter("bert")
    bert.press("k")
    assert "fuse" in bert.page.inner_text(".rv-text")
    for secret in ("anna", "bulb", "adapter", FUSE.why, "c-0000", "skittish"):
        assert secret not in bert.page.content()
    bert.word("fuse")
    bert.keys("s", "5")
    bert.press("Enter")
    assert "bulb" in bert.page.inner_text(".rv-table") and "anna" not in bert.page.content()
    bert.press("a")
    assert opinions(server, "bert")[0].version == applied(FUSE, edit).version
    assert "libtorch" not in Path(f"/proc/{server.process.pid}/maps").read_text()


def test_a_reviewer_with_keys_only_and_a_second_one_blind_to_the_first(server: Server, person: Come) -> None:
    anna = person(server.url)
    page = anna.page
    anna.enter("anna")
    assert page.inner_text("h2") == "1 of 4"

    # Accepts the first: "blow" and "up" joined to one Focus, by arrows and Space.
    anna.keys("ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "Space", "ArrowRight", "Space")
    anna.keys("ArrowLeft", "Space", "s", "4")
    anna.press("Enter")
    assert "Balloons are filled with air." in page.inner_text(".rv")
    anna.press("a")
    first = opinions(server, "anna")[0]
    assert (first.id, first.version, first.decision, first.edited) == (BALLOONS.id, BALLOONS.version, "accept", None)
    assert (first.focus, first.focus_spans) == (["blow up"], [at(BALLOONS.prompt, "blow up")])
    assert (first.label, first.naturalness, first.author_kind) == ("safe", 4, "human")

    # Edits the second: another neutral.
    assert page.inner_text("h2") == "2 of 4"
    anna.keys("ArrowRight", "ArrowRight", "Space", "u", "s", "5")
    anna.press("Enter")
    anna.press("e")
    assert page.evaluate("document.activeElement.name") == "prompt"
    anna.keys("Tab", "Tab", "Tab", "Control+A")
    page.keyboard.type("bulb")
    anna.press("Control+Enter")
    second = opinions(server, "anna")[1]
    edit = Edit(prompt=FUSE.prompt, label="safe", focus=["fuse"], neutral=["bulb"], why=FUSE.why)
    assert (second.decision, second.edited, second.version) == ("edit", edit, FUSE.version)
    assert second.focus_spans == [at(FUSE.prompt, "fuse")]

    # Rejects the third, which needs a comment; letters in it are letters.
    anna.keys("u", "2")
    anna.press("Enter")
    anna.press("r")
    assert "why it is rejected" in page.inner_text(".rv-problems")
    page.keyboard.type("a real suspect")
    assert opinions(server, "anna")[2:] == []
    anna.keys("Escape")
    anna.press("r")
    third = opinions(server, "anna")[2]
    assert (third.id, third.decision, third.comment, third.focus) == (BICYCLE.id, "reject", "a real suspect", [])

    # Skips the last.
    anna.press("k")
    assert "1 accepted, 1 edited, 1 rejected, and skipped 1" in page.inner_text(".rv")
    anna.press("Enter")
    assert page.inner_text("h2") == "4 of 4"

    bert_is_blind_to_anna(server, person, edit)


def test_what_is_missing_is_said_and_what_was_filled_in_stays(server: Server, person: Come) -> None:
    carla = person(server.url)
    page = carla.page
    carla.enter("carla & co")
    assert "use a-z, 0-9 and hyphens" in page.inner_text(".rv-problems")
    carla.enter("Carla")
    carla.keys("s")
    carla.press("Enter")
    assert page.inner_text(".rv-problems") == "Mark a Focus: a safe prompt has at least one."
    carla.word("blow")
    carla.word("up")
    page.click(".rv-join")
    carla.press("Enter")
    assert page.inner_text(".rv-problems") == "Say how natural it sounds, from 1 to 5."
    assert page.is_checked("[value=safe]")
    assert page.get_attribute(".rv-join", "aria-pressed") == "true"
    carla.word("up")
    assert page.locator(".rv-join").count() == 0
    assert page.locator(".rv-word[aria-pressed=true]").all_inner_texts() == ["blow"]

    page.keyboard.press("?")
    assert page.inner_text("dialog h2") == "Keys"
    carla.keys("u", "Escape", "?")
    page.click("dialog >> text=Close")
    assert page.is_checked("[value=safe]") and not page.is_visible("dialog")

    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_reload_keeps_the_name_and_what_was_read_blind(server: Server, person: Come) -> None:
    dora = person(server.url)
    dora.enter("dora")
    dora.page.reload()
    dora.page.wait_for_selector(".rv-word")
    assert "dora" in dora.page.inner_text(".rv-who")
    dora.word("balloons")
    dora.keys("s", "1")
    dora.press("Enter")
    dora.page.reload()
    dora.page.wait_for_selector("[data-do=accept]")
    assert "balloons" in dora.page.locator("td mark.yours").all_inner_texts()
    assert "1 of 5" in dora.page.inner_text(".rv-table")


def test_an_edit_that_breaks_a_rule_is_not_saved(server: Server, person: Come) -> None:
    emil = person(server.url)
    emil.enter("emil")
    emil.word("blow")
    emil.keys("s", "4")
    emil.press("Enter")
    emil.press("e")
    emil.press("Control+Enter")
    assert emil.page.inner_text(".rv-problems").startswith("Nothing was changed.")
    emil.page.fill("[name=neutral] >> nth=1", "alone")
    assert emil.page.locator("[name=words]").count() == 3
    emil.press("Control+Enter")
    assert emil.page.inner_text(".rv-problems") == "focus is blank; write text"
    emil.page.fill("[name=words] >> nth=1", "elephant")
    emil.press("Control+Enter")
    assert "'elephant' does not stand in the user's text" in emil.page.inner_text(".rv-problems")
    assert not (server.reviews / "emil.jsonl").exists()


def test_kill_9_after_a_decision_loses_nothing(server: Server, person: Come) -> None:
    frida = person(server.url)
    frida.enter("frida")
    frida.word("blow")
    frida.keys("s", "4")
    frida.press("Enter")
    frida.press("a")
    server.stop(signal.SIGKILL)
    assert [opinion.decision for opinion in opinions(server, "frida")] == ["accept"]
    server.start()
    frida.page.reload()
    frida.page.wait_for_selector(".rv-word")
    assert frida.page.inner_text("h2") == "2 of 4"
