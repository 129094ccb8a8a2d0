"""The whole page in a browser: tabs by click, key and address, back and forward, dark, narrow, and hostile links."""

import time
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest

from space_app.page import TABS
from tests.browser.candidates import ALL
from tests.browser.conftest import Space, Visitor
from tests.builder.candidates import write

Visit = Callable[..., Visitor]
NAMES = list(TABS)
OPEN = ".xsb-tabs > .tab-wrapper [role=tab][aria-selected=true]"
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>![x](http://evil.example/x.png)\x1b[31m${7*7}{{7*7}}'
ASKED = {  # what the links of each tab may ask for
    "try": ("prompt", "messages", "model", "method", "mitigations", "triggers", "alpha", "record"),
    "explore": ("dataset", "type", "label", "topic", "review", "search", "record", "page", "config", "split"),
    "results": ("run", "runs", "sample", "type", "verdict", "page", "mitigation"),
    "review": ("candidate", "name"),
    "contribute": ("prompt", "type", "record", "yaml"),
}


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    folder = tmp_path_factory.mktemp("page")
    candidates = write(folder / "candidates.jsonl", ALL)
    config = folder / "space.yaml"
    review = f"review: {{candidates: {candidates}, reviews: {folder / 'reviews'}}}"
    config.write_text(f"{review}\nresults: [{folder}]\nmodels: [{{name: nobody/nothing}}]\n")
    space = Space("--config", str(config), folder=folder)
    yield space
    space.stop()


def opened(visitor: Visitor, name: str) -> None:
    """Wait until the tab is the one that is open, and its panel the one that is seen."""
    visitor.page.wait_for_function(
        "([chosen, name]) => document.querySelector(chosen)?.textContent.trim() === name", arg=[OPEN, name.capitalize()]
    )


def settled(visitor: Visitor) -> None:
    """Wait until nothing on the page changes any more."""
    visitor.page.wait_for_function(
        "() => { const before = window.seen; window.seen = document.body.innerHTML; return before === window.seen; }",
        polling=400,
    )


def test_the_page_is_there_within_three_seconds(space: Space, visit: Visit) -> None:
    visit(space.url)  # what is made on the first visit is made
    began = time.monotonic()
    visitor = visit(space.url)
    opened(visitor, "try")
    took = time.monotonic() - began
    print(f"interactive after {took:.1f} s")
    assert took < 15, "3 s on two idle cores; tests may have company"


def test_tabs_open_by_click_and_the_browser_s_buttons_go_back_and_forward(space: Space, visit: Visit) -> None:
    visitor = visit(space.url)
    for name in [*NAMES[1:], NAMES[0]]:
        visitor.page.get_by_role("tab", name=name.capitalize(), exact=True).click()
        opened(visitor, name)
        assert visitor.page.url.endswith(f"?tab={name}")
    for name in reversed(NAMES[1:]):
        visitor.page.go_back()
        opened(visitor, name)
    visitor.page.go_forward()
    opened(visitor, NAMES[2])


def test_tabs_open_by_keyboard(space: Space, visit: Visit) -> None:
    visitor = visit(space.url)
    for name in NAMES[1:]:
        visitor.page.get_by_role("tab", name=name.capitalize(), exact=True).focus()
        visitor.page.keyboard.press("Enter")
        opened(visitor, name)


@pytest.mark.parametrize("name", NAMES)
def test_every_tab_has_an_address_and_is_accessible_in_both_schemes_and_on_a_phone(
    space: Space, visit: Visit, name: str
) -> None:
    for width, dark in ((1200, False), (390, True)):
        visitor = visit(f"{space.url}/?tab={name}", width, dark=dark)
        opened(visitor, name)
        settled(visitor)
        assert visitor.accessible() == []
        assert visitor.fits(), width
        visitor.look(f"page-{name}-{width}{'-dark' if dark else ''}")
        background = visitor.page.evaluate("getComputedStyle(document.body).backgroundColor")
        lightness = sum(int(part) for part in background[background.index("(") + 1 : -1].split(",")[:3]) / 3
        assert (lightness < 90) == dark, background


@pytest.mark.parametrize("name", NAMES)
def test_links_that_ask_for_nonsense_open_the_tab_and_run_nothing(space: Space, visit: Visit, name: str) -> None:
    """A dialog, a request to another host or an error in the console fails the visit, see `conftest`."""
    asked = urlencode({"tab": name, **dict.fromkeys(ASKED[name], HOSTILE)})
    visitor = visit(f"{space.url}/?{asked}")
    opened(visitor, name)
    settled(visitor)
    assert visitor.page.locator("img[src=x], img[src*=evil], body script:has-text('alert(1)')").count() == 0
    assert "Traceback" not in visitor.page.inner_text("body")


def test_an_unknown_tab_is_the_first(space: Space, visit: Visit) -> None:
    visitor = visit(f"{space.url}/?tab={HOSTILE.replace('#', '')}")
    opened(visitor, "try")
