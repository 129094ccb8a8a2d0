"""Builds the page of its tabs. A tab is a module with `build(place)`; only those that are built are imported."""

import os
from importlib import import_module
from pathlib import Path
from signal import SIG_DFL, SIGTERM, default_int_handler, getsignal, signal
from threading import Thread
from typing import Any

import gradio as gr
from gradio.utils import get_space
from starlette.middleware import Middleware

from eval.errors import InputError, UnknownName
from eval.look import HERE as LOOK
from space_app.gate import ENVELOPE, Gate
from space_app.place import FOLLOW, Place
from space_app.rate import Rate
from space_app.settings import REVIEW_NEEDS, Settings

TABS = {
    "try": "space_app.trial.tab",
    "explore": "space_app.explore.tab",
    "results": "space_app.results.tab",
    "review": "space_app.review.tab",
    "contribute": "space_app.contribute.tab",
}
HERE = Path(__file__).parent
RUNS = ("tables.css", "figures.css", "card.css")  # the style of reports, for the Results tab
OWN = ("", "trial", "explore", "contribute")  # folders with a style of their own
AT_ONCE = 32  # visitors whose events of one kind run at the same time; the models have a queue of their own
WAITING = 200  # events of one kind that wait for that; who comes then is told so at once
UPLOADS = (600, 600)  # seconds: how often uploaded files are looked for, and how old they are when they are deleted
SESSIONS = 500  # open pages whose state is remembered; an older one begins anew
PROXIES = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,127.0.0.1"  # networks of no visitor
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
        raise InputError(REVIEW_NEEDS)
    names = [only] if only else [name for name in TABS if name != "review" or settings.review]
    with gr.Blocks(title="xsb: why did it refuse?", analytics_enabled=False, delete_cache=UPLOADS) as page:
        page.space_id = None  # with it, Gradio's page asks huggingface.co for a header and Google for its fonts
        gr.HTML("<h1 class='xsb-title'><span>xsb</span> why did it refuse?</h1>", apply_default_css=False)
        links = gr.HTML("", js_on_load=FOLLOW, elem_classes="xsb-unseen", apply_default_css=False)
        place = Place(page, settings, links, Rate(settings.limits.lookups_per_minute))
        with gr.Tabs(elem_classes="xsb-tabs", overflow_behavior="wrap"):
            for name in names:
                with gr.Tab(name.capitalize(), id=name):
                    import_module(TABS[name]).build(place)
        gr.HTML(_sheet(HERE / "about.html"), apply_default_css=False)
    return page


def serve(page: gr.Blocks, settings: Settings | None = None, **where: Any) -> None:
    """Serve it until interrupted or told to end, with its looks and for MCP clients.

    Nothing that a visitor does is kept: no history of runs, no monitoring. `where` is for Gradio's `launch`.
    """
    limits = (settings or Settings()).limits
    if getsignal(SIGTERM) is SIG_DFL:  # a tab that has to finish something has seen to it itself
        signal(SIGTERM, default_int_handler)
    page.queue(max_size=WAITING, default_concurrency_limit=AT_ONCE, api_open=False)
    names = {str(event.api_name) for event in page.fns.values() if event.api_visibility == "public"}
    if get_space():
        _on_space(settings or Settings(), models="answer" in names)
    gate = Middleware(Gate, limit=limits.upload_bytes + ENVELOPE, names=names)
    page.launch(
        theme=THEME, css=style(), footer_links=[], mcp_server=True, max_threads=2 * AT_ONCE, ssr_mode=False, pwa=False,
        run_history=False, enable_monitoring=False, state_session_capacity=SESSIONS, max_file_size=limits.upload_bytes,
        app_kwargs={"middleware": [gate], "docs_url": None, "redoc_url": None, "openapi_url": None}, **where,
    )  # fmt: skip


def _on_space(settings: Settings, *, models: bool) -> None:
    """What only many visitors behind a proxy need; uvicorn believes the proxy, where it is in such a network."""
    os.environ.setdefault("FORWARDED_ALLOW_IPS", PROXIES)
    if models and not os.environ.get("SPACES_ZERO_GPU"):
        from space_app.engine.engine import engine_of

        Thread(target=engine_of(settings).warm, name="warm", daemon=True).start()


def style() -> str:
    """The page's style sheet; the pieces that it shares with reports stand inside `.xsb`, away from Gradio's own."""
    tokens, own = _sheet(LOOK / "tokens.css"), _sheet(*(HERE / folder / "style.css" for folder in OWN))
    pieces, runs = _sheet(LOOK / "parts.css"), _sheet(*(LOOK / name for name in RUNS), HERE / "results" / "style.css")
    return f"{tokens}{own}.xsb {{\n{pieces}}}\n.xsb.runs {{\n{runs}}}\n"


def _sheet(*files: Path) -> str:
    return "".join(file.read_text(encoding="utf-8") for file in files)
