"""Builds the page of its tabs: Try, which loads a model, and Review, which loads none."""

from pathlib import Path

import gradio as gr

from eval.errors import InputError, UnknownName

TABS = ("try", "review")
CSS = """
/* What Gradio serves as the semibold of its font holds a few glyphs only; its bold is whole. */
@font-face {
  font-family: "Source Sans Pro"; font-weight: 600; src: url("static/fonts/SourceSansPro/SourceSansPro-Bold.woff2");
}
h1.xsb-title { font-size: 1.5rem; }
.html-container:has(.xsb-title) { padding: 0; }
"""
TITLES = {None: "why did it refuse?", "try": "why did it refuse?", "review": "review"}


def build(only: str | None = None, candidates: Path | None = None, reviews: Path | None = None) -> gr.Blocks:
    """The page, not yet served.

    Args:
        only: the one tab to build; None for Try, and for Review where there are candidates.
        candidates: what the Review tab shows.
        reviews: the folder in which it saves.

    Raises:
        XsbError: there is no such tab, or a file of the Review tab is missing or cannot be read.
    """
    if only not in (None, *TABS):
        raise UnknownName("tab", str(only), TABS)
    if (candidates is None) != (reviews is None) or (only == "review" and candidates is None):
        raise InputError("the Review tab needs both --candidates FILE.jsonl and --reviews FOLDER; give the other too")
    with gr.Blocks(title="xsb: why did it refuse?", analytics_enabled=False) as page:
        title = f"<h1 class='xsb-title'><b>xsb</b> {TITLES[only]}</h1>"
        gr.HTML(f"<style>{CSS}</style>{title}", apply_default_css=False)
        if only != "review" and (only or not candidates):
            _try()
        elif candidates and reviews and only:
            _review(page, candidates, reviews)
        elif candidates and reviews:
            with gr.Tab("Try"):
                _try()
            with gr.Tab("Review"):
                _review(page, candidates, reviews)
    return page


def _try() -> None:
    from space_app import trial  # loads torch, which the Review tab does without

    trial.build()


def _review(page: gr.Blocks, candidates: Path, reviews: Path) -> None:
    from space_app.review import tab

    tab.build(page, candidates, reviews)
