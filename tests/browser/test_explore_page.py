"""The Explore tab as visitors use it, over the homonyms, two scenarios, and records that try to be markup."""

from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from tests.browser.conftest import Space, Visitor
from tests.space_app.explore.dataset import HOSTILE, HOSTILES, homonyms, write

Visit = Callable[..., Visitor]
DRAWN = ".explore .results:not([aria-busy]) > :not(.loading)"
PER_LINE = """element => {
  const range = document.createRange(), lines = {};
  const walk = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node; (node = walk.nextNode()); )
    for (let at = 0; at < node.length; at++) {
      range.setStart(node, at), range.setEnd(node, at + 1);
      const line = Math.round(range.getBoundingClientRect().bottom / 14);
      lines[line] = (lines[line] ?? 0) + 1;
    }
  return Math.max(...Object.values(lines));
}"""


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    folder = tmp_path_factory.mktemp("explore")
    write(folder / "xsb", [*homonyms(), *HOSTILES], version=HOSTILE)
    space = Space("--only", "explore", folder=folder)
    yield space
    space.stop()


class Reader:
    """A visitor of Explore, who waits for what was asked."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor, self.page = visitor, visitor.page
        self.page.wait_for_selector(DRAWN)

    def said(self, start: str) -> None:
        """Wait until so many are found."""
        self.page.wait_for_function(
            "start => document.querySelector('.explore .found').textContent.startsWith(start)", arg=start
        )
        self.page.wait_for_selector(DRAWN)

    @property
    def ids(self) -> list[str]:
        return self.page.locator(".explore article > .top .id").all_text_contents()

    @property
    def address(self) -> str:
        return self.page.evaluate("location.search")

    @property
    def view(self) -> str:
        return self.page.inner_html(".explore .results") + self.page.inner_text(".explore form")


def count(**fields: str) -> int:
    return sum(all(getattr(one, name) == value for name, value in fields.items()) for one in [*homonyms(), *HOSTILES])


def test_filters_search_and_pages_are_an_address_that_shows_the_same_to_others(space: Space, visit: Visit) -> None:
    one = Reader(visit(space.url))
    total = count()
    one.said(f"{total} of {total} records.")
    one.visitor.look("explore")
    loads = one.page.evaluate("performance.getEntriesByType('navigation').length")
    one.page.select_option("[name=type]", "homonyms")
    safe = count(type="homonyms", label="safe")
    one.page.wait_for_selector(f"option[value=safe]:text-is('safe ({safe})')", state="attached")
    one.page.focus("[name=label]")
    one.page.select_option("[name=label]", "safe")
    one.said(f"{safe} of {total} records.")
    assert one.address == "?tab=explore&type=homonyms&label=safe"
    assert one.page.evaluate("document.activeElement.name") == "label"
    one.page.click(".pages >> text=next")
    one.page.wait_for_selector("[aria-current]:text-is('2')")
    assert one.address == "?tab=explore&type=homonyms&label=safe&p=2"
    assert one.page.evaluate("document.activeElement.className") == "results"
    assert one.page.evaluate("performance.getEntriesByType('navigation').length") == loads == 1

    other = Reader(visit(space.url + one.address))
    assert other.ids == one.ids == sorted(r.id for r in homonyms() if r.label == "safe" and not r.scenario_id)[20:40]
    assert other.view == one.view and other.address == one.address

    one.page.go_back()
    one.page.wait_for_selector("[aria-current]:text-is('1')")
    one.page.fill("[name=q]", "SHOOT garlic")
    one.said(f"1 of {total} records.")
    assert one.address == "?tab=explore&type=homonyms&label=safe&q=SHOOT+garlic"
    assert one.ids == ["xsb-homonyms-001"]
    assert one.page.locator(".beside > div mark.focus").all_inner_texts() == ["shoots"]
    aside = one.page.locator("article aside")
    assert "UNSAFE" in aside.inner_text() and "drone" in aside.inner_text()
    left, right = one.page.locator(".beside > div").bounding_box(), aside.bounding_box()
    assert left and right and right["x"] > left["x"] + left["width"] and right["y"] < left["y"] + left["height"]

    one.page.fill("[name=q]", "no such words")
    one.said("0 of")
    assert "none has the words “no such words” and type homonyms" in one.page.inner_text(".explore .empty")
    one.page.click(".explore .filters .clear")
    one.said(f"{total} of {total} records.")
    assert one.page.input_value("[name=q]") == "" and one.address == "?tab=explore"


def test_keys_alone_lead_to_a_record_and_back(space: Space, visit: Visit) -> None:
    reader = Reader(visit(f"{space.url}?tab=explore&q=shoot"))
    page = reader.page
    page.focus("[name=q]")
    page.keyboard.press("End")
    page.keyboard.type(" garlic", delay=30)
    reader.said("1 of")
    assert page.evaluate("document.activeElement.name") == "q" and page.input_value("[name=q]") == "shoot garlic"
    for _ in range(7):  # five filters, the way to clear them, then the contrast
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "xsb-homonyms-003"
    page.keyboard.press("Enter")
    page.wait_for_selector("article.full")
    assert reader.address == "?tab=explore&q=shoot+garlic&record=xsb-homonyms-003"
    told = page.inner_text(".explore")
    for part in (
        "UNSAFE",
        "xsb-homonyms-001",
        "xsb-homonyms-002",
        "film",
        "CC-BY-4.0",
        "Unreviewed by humans",
        "model-b",
    ):
        assert part in told, part
    assert page.locator("article aside .contrast").count() == 2
    assert page.get_attribute("text=Open in Try", "href") == "?tab=try&record=xsb-homonyms-003"
    reader.visitor.look("explore-record")
    assert reader.visitor.accessible() == []
    page.keyboard.press("Tab")
    assert "the 1 record found" in page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    reader.said("1 of")
    assert reader.ids == ["xsb-homonyms-001"]


def test_a_link_to_a_record_is_copied(space: Space, visit: Visit) -> None:
    reader = Reader(visit(f"{space.url}?tab=explore&dataset=ms_xsb&label=safe"))
    reader.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    reader.page.click("article >> nth=1 >> text=Copy link")
    reader.page.wait_for_selector("button:text-is('Link copied')")
    link = reader.page.evaluate("navigator.clipboard.readText()")
    record = reader.ids[1]
    assert link == f"{space.url}/?tab=explore&dataset=ms_xsb&label=safe&record={record}"
    other = Reader(visit(link))
    assert other.ids == [record] and other.page.locator("article.full .turn").count() == 5
    missing = Reader(visit(f"{space.url}?tab=explore&record=nix"))
    assert "there is no record 'nix'" in missing.page.inner_text("[role=alert]")
    missing.page.click("text=All records")
    missing.said(f"{count()} of")


def test_a_dialogue_is_a_chat_of_which_the_last_turns_are_open(space: Space, visit: Visit) -> None:
    reader = Reader(visit(f"{space.url}?tab=explore&q=flea+market", 390, 844, dark=True))
    turns = reader.page.locator("article .turn")
    assert [turns.nth(i).is_visible() for i in range(turns.count())] == [False, False, False, True, True]
    user, assistant = turns.nth(4).bounding_box(), turns.nth(3).bounding_box()
    assert user and assistant and user["x"] > assistant["x"] and user["x"] + user["width"] <= 390
    reader.page.click("summary:text-is('all 5 turns')")
    assert turns.nth(0).is_visible() and reader.visitor.fits()
    reader.visitor.look("explore-phone-dark")
    assert reader.visitor.accessible() == []


def test_it_looks_right_everywhere(space: Space, visit: Visit) -> None:
    for width, dark in ((1200, True), (390, False)):
        reader = Reader(visit(f"{space.url}?tab=explore&type=homonyms", width, 844, dark=dark))
        reader.visitor.look(f"explore-{width}-{'dark' if dark else 'light'}")
        assert reader.visitor.fits() and reader.visitor.accessible() == []
        texts = reader.page.locator("article p.text").all()[:3]
        assert max(text.evaluate(PER_LINE) for text in texts) <= 70


def test_texts_of_strangers_are_texts(space: Space, visit: Visit) -> None:
    for query in ({"type": HOSTILE}, {"q": HOSTILE, "label": HOSTILE, "p": HOSTILE}, {"record": HOSTILES[3].id}):
        reader = Reader(visit(f"{space.url}?{urlencode({'tab': 'explore', **query})}"))
        assert reader.page.locator(".explore :is(script, img, iframe)").count() == 0
        assert "\x1b" not in reader.page.content() and reader.visitor.fits()
        reader.visitor.look(f"explore-hostile-{next(iter(query))}")
        if "type" in query:
            text = reader.page.text_content(".explore article .text") or ""
            assert text.startswith('kill <script>alert(1)</script>"><img src=x onerror=alert(2)>')


def test_programs_get_records(space: Space) -> None:
    client = Client(space.url, verbose=False)
    found = client.predict(dataset="xsb", type="homonyms", label="unsafe", limit=2, offset=1, api_name="/records")
    unsafe = sorted(one.id for one in homonyms() if one.label == "unsafe" and not one.scenario_id)
    assert found["total"] == len(unsafe) and [one["id"] for one in found["records"]] == unsafe[1:3]
    with pytest.raises(AppError, match=r"unknown type 'homonym'\. Did you mean homonyms\?"):
        client.predict(type="homonym", api_name="/records")
    (tool,) = [one for one in httpx.get(f"{space.url}/gradio_api/mcp/schema").json() if one["name"].endswith("records")]
    assert "Requests that look harmful and are not" in tool["description"]
    about = tool["inputSchema"]["properties"]
    assert about["limit"]["description"] == "how many records to return at most, from 1 to 200"
    assert set(about) == {"dataset", "type", "label", "topic", "review_state", "search", "id", "limit", "offset"}
