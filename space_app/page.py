"""Builds the page of its tabs. A tab is a module with `build(place)`; only those that are built are imported."""

from importlib import import_module
from pathlib import Path
from typing import Any

import gradio as gr

from eval.errors import InputError, UnknownName
from eval.look import HERE as LOOK
from space_app.place import FOLLOW, Place, Query
from space_app.settings import Limits, Settings

TABS = {
    "try": "space_app.trial.tab",
    "explore": "space_app.explore.tab",
    "results": "space_app.results.tab",
    "review": "space_app.review.tab",
    "contribute": "space_app.contribute.tab",
}
THEME = gr.themes.Base(
    font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "Liberation Sans", "sans-serif"],
    font_mono=["ui-monospace", "Menlo", "Liberation Mono", "monospace"],
)


def build(settings: Settings | None = None, only: str | None = None) -> gr.Blocks:
    """The page, not yet served; `serve` serves it.

    Args:
        settings: what it shows; None for the defaults.
        only: the one tab to build; None for all that have something to show.

    Raises:
        XsbError: there is no such tab, or what it would show is missing or cannot be read.
    """
    settings = settings or Settings()
    if only not in (None, *TABS):
        raise UnknownName("tab", str(only), TABS)
    if only == "review" and settings.review is None:
        raise InputError("the Review tab needs both --candidates FILE.jsonl and --reviews FOLDER; give the other too")
    names = [only] if only else [name for name in TABS if name != "review" or settings.review]
    with gr.Blocks(title="xsb: why did it refuse?", analytics_enabled=False, delete_cache=(600, 600)) as page:
        gr.HTML("<h1 class='xsb-title'><span>xsb</span> why did it refuse?</h1>", apply_default_css=False)
        links = gr.HTML("", js_on_load=FOLLOW, elem_classes="xsb-unseen", apply_default_css=False)
        place = Place(page, settings, links)
        with gr.Tabs(elem_classes="xsb-tabs", overflow_behavior="wrap") as tabs:
            for name in names:
                with gr.Tab(name.capitalize(), id=name):
                    import_module(TABS[name]).build(place)

        def open_tab(asked: Query) -> Any:
            wanted = asked.get("tab", names[0])
            return gr.Tabs(selected=wanted if wanted in names else names[0])

        place.arrive(open_tab, [tabs])
    return page


def serve(page: gr.Blocks, **where: Any) -> None:
    """Serve it until interrupted, with its looks and for MCP clients; `where` is for Gradio's `launch`."""
    where.setdefault("max_file_size", Limits().upload_bytes)
    page.launch(theme=THEME, css=style(), footer_links=[], mcp_server=True, max_threads=64, **where)


def style() -> str:
    """The page's style sheet; the pieces that it shares with reports stand inside `.xsb`, away from Gradio's own."""
    tokens, pieces = ((LOOK / name).read_text(encoding="utf-8") for name in ("tokens.css", "parts.css"))
    own = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    return f"{tokens}{own}.xsb {{\n{pieces}}}\n{_results()}"


def _results() -> str:
    """The style of the Results tab: that of reports, inside its own element."""
    files = [LOOK / name for name in ("tables.css", "figures.css", "card.css")]
    files.append(Path(__file__).parent / "results" / "style.css")
    return f".xsb.runs {{\n{''.join(file.read_text(encoding='utf-8') for file in files)}}}\n"
