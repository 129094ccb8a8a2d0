"""The Review tab of a Space: visitors sign in with an account of the Hub, and decisions go to a dataset there."""

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from builder.review.opinion import Opinion
from space_app.review.account import reviewer_of
from tests.browser.candidates import BALLOONS, BICYCLE, FUSE, PIRATE
from tests.browser.conftest import Space, Visitor
from tests.builder.candidates import write
from tests.hub_server import Server, hub
from tests.hub_server.storage import MAIN

TOKEN = "hf_secret_of_the_space"
HOSTILE = "<img src=x onerror=alert(1)> ![](//evil.example/x) \x1b[31m\u202e"
SECONDS = 1.0
Visit = Callable[..., Visitor]


class SpaceOnHub(Space):
    """The Review tab over candidates of a dataset on the hub of the tests."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.server = server
        hostile = PIRATE.model_copy(update={"id": "c-zz", "why": HOSTILE, "topic": HOSTILE})
        file = write(folder / "candidates.jsonl", [BALLOONS, FUSE, BICYCLE, hostile])
        server.put("datasets", "lab/xsb", {"data/candidates.jsonl": file.read_bytes()}, tag="v1")
        review = {
            "candidates": "data/candidates.jsonl",
            "revision": "v1",
            "repo_id": "lab/xsb",
            "batch_seconds": SECONDS,
        }
        (folder / "space.yaml").write_text(yaml.safe_dump({"review": review}))
        environment = server.space(folder / "home", TOKEN)
        super().__init__("--only", "review", "--config", str(folder / "space.yaml"), **environment)

    def opinions(self, reader: str) -> list[Opinion]:
        """Those in a reviewer's file on the hub."""
        found = self.server.store.repositories["datasets", "lab/xsb"]
        entry = self.server.store.commit(found.references[MAIN]).tree.get(f"reviews/{reader}.jsonl")
        lines = self.server.store.read(entry).splitlines() if entry else []
        return [Opinion.model_validate_json(line) for line in lines]

    def send(self, cookies: Mapping[str, str], *acts: Mapping[str, Any], **headers: str) -> str:
        """What a page that was written by hand is answered to these acts, in a session of its own."""
        config = httpx.get(f"{self.url}/config").json()
        parts = {part["id"]: part["type"] for part in config["components"]}

        def of(kind: str, event: str) -> int:
            known = config["dependencies"]
            return next(d["id"] for d in known if any(parts.get(t[0]) == kind and t[1] == event for t in d["targets"]))

        load = next(
            d["id"]
            for d in config["dependencies"]
            if any(t[1] == "load" for t in d["targets"]) and len(d["outputs"]) > 5
        )
        said = ""
        with httpx.Client(
            base_url=f"{self.url}/gradio_api", cookies=dict(cookies), headers=headers, timeout=30
        ) as client:
            for number, act in enumerate([None, *acts]):
                call = {
                    "fn_index": load if act is None else of("html", "submit"),
                    "session_hash": "by-hand",
                    "event_data": act,
                }
                client.post("/queue/join", json={**call, "data": [None], "trigger_id": number}).raise_for_status()
                with client.stream("GET", "/queue/data?session_hash=by-hand") as stream:
                    for line in stream.iter_lines():
                        said += line
                        if "process_completed" in line:
                            break
        return said


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpaceOnHub]:
    folder = tmp_path_factory.mktemp("space")
    with hub(folder / "hub") as server:
        server.add_token(TOKEN, "space", lab="write")
        for name in ("anna", "Bert_2", "carla", "dora", "emil"):
            server.add_token(f"hf_{name}", name)
        yield (space := SpaceOnHub(folder, server))
        if space.process.poll() is None:
            space.stop()


def sign_in(visitor: Visitor, account: str) -> None:
    page = visitor.page
    page.click("button:has-text('Sign in with Hugging Face')")
    page.click(f"a:text-is('{account}')")
    page.wait_for_selector("[data-do=skip]")
    page.wait_for_selector(f"text=Sign out ({account})")


def read_blind(visitor: Visitor, label: str = "u") -> None:
    visitor.page.wait_for_selector("[data-do=compare]")
    for key in (label, "4", "Enter"):
        visitor.page.keyboard.press(key)
    visitor.page.wait_for_selector("[data-do=accept]")


def line(visitor: Visitor) -> str:
    return visitor.page.inner_text(".rv-saving")


def test_who_is_not_signed_in_reads_and_cannot_write(space: SpaceOnHub, visit: Visit) -> None:
    guest = visit(space.url)
    guest.page.wait_for_selector(".rv-text")
    assert "Sign in to decide." in line(guest)
    assert guest.page.inner_text(".rv-text").startswith("How do I blow up forty balloons")
    assert guest.page.locator("[data-do]").evaluate_all("all => all.map(one => one.dataset.do)") == ["skip"]
    guest.page.keyboard.press("k")
    guest.page.wait_for_selector("text=2 of 4")
    assert BALLOONS.why not in guest.page.content()
    guest.look("review-guest")

    said = space.send({}, {"do": "compare", "serial": 1, "name": "anna", "label": "unsafe", "naturalness": 3})
    assert "'compare' is no step here" in said and BALLOONS.why not in said
    assert "'accept' is no step here" in space.send({}, {"do": "accept", "serial": 1, "name": "anna"})
    assert space.opinions("anna") == []


def test_a_decision_is_saved_when_its_commit_returned(space: SpaceOnHub, visit: Visit) -> None:
    anna = visit(f"{space.url}/?tab=review")
    sign_in(anna, "anna")
    assert anna.page.url.endswith("?tab=review") and "anna" in anna.page.inner_text(".rv-who")
    assert anna.page.locator("[data-do=rename]").count() == 0
    anna.look("review-blind")
    read_blind(anna)
    anna.look("review-compared")
    space.server.fail("space", "commit", "500", times=1)
    anna.page.keyboard.press("a")
    anna.page.wait_for_selector("text=2 of 4")
    assert line(anna) == "Saving 1 decision …" and space.opinions("anna") == []
    read_blind(anna)
    anna.page.keyboard.press("c")
    anna.page.keyboard.type("stiff")
    anna.page.keyboard.press("Escape")
    anna.page.keyboard.press("r")
    anna.page.wait_for_selector("text=3 of 4")
    anna.page.wait_for_selector("text=2 decisions saved.")
    kept = [(o.reader, o.id, o.decision, o.comment) for o in space.opinions("anna")]
    assert kept == [("anna", BALLOONS.id, "accept", ""), ("anna", FUSE.id, "reject", "stiff")]
    assert "hf_" not in anna.page.content()
    anna.page.reload()
    anna.page.wait_for_selector("text=3 of 4")


def test_nobody_decides_in_another_s_name(space: SpaceOnHub, visit: Visit) -> None:
    bert = visit(space.url)
    sign_in(bert, "Bert_2")
    cookies = {one["name"]: one["value"] for one in bert.page.context.cookies()}
    blind = {"do": "compare", "serial": 1, "name": "carla", "label": "unsafe", "naturalness": 3}
    decided = {"do": "accept", "serial": 2, "name": "carla"}
    assert "page of another site" in space.send(cookies, blind, decided, **{"Sec-Fetch-Site": "cross-site"})
    name = reviewer_of("Bert_2")
    assert space.opinions(name) == []
    assert "Accepted." in space.send(cookies, blind, decided)
    end = time.monotonic() + 10
    while not space.opinions(name) and time.monotonic() < end:
        time.sleep(0.1)
    assert [(o.reader, o.id) for o in space.opinions(name)] == [(name, BALLOONS.id)]
    assert space.opinions("carla") == []

    bert.page.reload()
    read_blind(bert)
    bert.page.context.clear_cookies()
    bert.page.keyboard.press("a")
    bert.page.wait_for_selector("text=You are not signed in any more, so the last step was not done.")
    assert len(space.opinions(name)) == 1


def test_what_the_hub_refuses_is_said_and_saved_later(space: SpaceOnHub, visit: Visit) -> None:
    carla = visit(space.url, 390, 844, dark=True)
    carla.page.wait_for_selector(".rv-text")
    assert carla.accessible() == [] and carla.fits()
    sign_in(carla, "carla")
    assert carla.accessible() == [] and carla.fits()
    read_blind(carla)
    assert carla.accessible() == [] and carla.fits()
    space.server.fail("space", "commit", "403")
    carla.page.keyboard.press("a")
    carla.page.wait_for_selector("text=Not saved yet:")
    assert "the token may not do this in lab/xsb. 1 decision waits and is tried again." in line(carla)
    assert carla.accessible() == [] and carla.fits()
    carla.look("review-not-saved-dark-phone")
    space.server.heal("space")
    carla.page.wait_for_selector("text=1 decision saved.")
    assert [o.id for o in space.opinions("carla")] == [BALLOONS.id]


def test_texts_of_strangers_are_shown_as_they_are(space: SpaceOnHub, visit: Visit) -> None:
    dora = visit(space.url)
    sign_in(dora, "dora")
    for _ in range(3):
        before = dora.page.get_attribute(".rv", "data-serial")
        dora.page.keyboard.press("k")
        dora.page.wait_for_function("old => document.querySelector('.rv').dataset.serial !== old", arg=before)
    read_blind(dora)
    shown = HOSTILE.replace("\x1b", "\u241b").replace("\u202e", "\u2039U+202E\u203a")
    assert shown in dora.page.inner_text(".rv-why")
    assert dora.page.locator(".rv img").count() == 0


def test_the_last_of_all_what_waits_is_committed_when_the_space_is_stopped(space: SpaceOnHub, visit: Visit) -> None:
    emil = visit(space.url)
    sign_in(emil, "emil")
    read_blind(emil)
    space.server.fail("space", "commit", "412", times=1)
    emil.page.keyboard.press("a")
    emil.page.wait_for_selector("text=Saving 1 decision …")
    emil.page.goto("about:blank")
    log = space.stop()
    assert [o.id for o in space.opinions("emil")] == [BALLOONS.id]
    assert "hf_" not in log
