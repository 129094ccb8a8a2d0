"""Where a tab is built, and how a link leads to it: the page's address says which tab is open and what it shows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import gradio as gr
from gradio.components import Component

from space_app.rate import Rate
from space_app.settings import Settings

Query = dict[str, str]
# Links within the page do not load it again: they become its address, and the tabs are told. So do clicks on tabs.
# Which tab is open is settled here, since the server's answer could come after a visitor's next click. A button with
# `data-copy` copies that link.
FOLLOW = """
const TAB = ".xsb-tabs > .tab-wrapper [role=tab]";
const name = (tab) => tab.textContent.trim().toLowerCase();
function open() {
  const tabs = [...document.querySelectorAll(TAB)];
  if (!tabs.length) return requestAnimationFrame(open);
  const wanted = new URLSearchParams(location.search).get("tab");
  const tab = tabs.find((tab) => name(tab) === wanted) ?? tabs[0];
  if (tab.getAttribute("aria-selected") !== "true") tab.click();
}
async function copy(button) {
  try {
    await navigator.clipboard.writeText(new URL(button.dataset.copy, location.href).href);
    button.textContent = "Link copied";
  } catch { // where the page may not write there
    history.replaceState({}, "", button.dataset.copy);
    button.textContent = "Copy it from the address bar";
  }
}
function go() {
  open();
  trigger("submit", location.search);
}
document.addEventListener("click", (event) => {
  const tab = event.target.closest(TAB);
  if (tab && event.isTrusted) history.pushState({}, "", `?tab=${name(tab)}`);
  const copied = event.target.closest("[data-copy]");
  if (copied) copy(copied);
  const link = event.target.closest("a[href^='?tab=']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  history.pushState({}, "", link.getAttribute("href"));
  go();
});
addEventListener("popstate", go);
open();
"""
ADDRESS = "(_, ...rest) => [location.search, ...rest]"


@dataclass(frozen=True)
class Place:
    """The page that is being built, its settings, and the unseen component that is told of followed links.

    `lookups` counts what visitors ask that no model is asked for.
    """

    blocks: gr.Blocks
    settings: Settings
    links: gr.HTML
    lookups: Rate

    def arrive(self, tell: Callable[..., Any], outputs: Sequence[Component], inputs: Sequence[Component] = ()) -> None:
        """Call `tell` with the address's query, then the inputs, when the page is opened or a link is followed.

        `tell` gives the outputs, or `gr.skip()` where the query is of another tab.
        """

        def told(search: str, *values: Any) -> Any:
            return tell(query(search), *values)

        gr.on(
            [self.blocks.load, self.links.submit], told, [self.links, *inputs], list(outputs), js=ADDRESS,
            show_progress="hidden", trigger_mode="always_last", concurrency_limit=None, api_visibility="private",
        )  # fmt: skip


def query(search: object) -> Query:
    """The query of an address, `?tab=try&prompt=...`; of a key that comes twice, the last; nothing of what is none."""
    try:
        return dict(parse_qsl(search.removeprefix("?"), max_num_fields=40)) if isinstance(search, str) else {}
    except ValueError:  # more fields than any link of the page has
        return {}


def page_number(text: str) -> int:
    """The page that an address asks for, from 1; the first where that is no number of a page."""
    return max(1, int(text)) if text.isascii() and text.isdecimal() and len(text) < 7 else 1


def link(tab: str, **asked: str | None) -> str:
    """The address of a tab, of what it is asked for; what is None or empty is left out."""
    return "?" + urlencode({"tab": tab, **{key: value for key, value in asked.items() if value}})
