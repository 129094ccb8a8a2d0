"""The Try tab: a prompt or dialogue, why it is refused, and what helps. All Gradio of it is here."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from eval.errors import XsbError
from space_app.engine.engine import engine_of
from space_app.place import Place, Query
from space_app.program import visitor
from space_app.trial import api
from space_app.trial.asked import read_asked, read_link
from space_app.trial.latest import Latest
from space_app.trial.look import failure, frame, parts, sent
from space_app.trial.telling import tell

LOG = logging.getLogger(__name__)
BROKEN = "Something failed on this server; try it once more, or another prompt."
SCRIPT = Path(__file__).parent / "trial.js"


def build(place: Place) -> None:
    """Add the tab to the page that is being built."""
    settings, latest = place.settings, Latest()
    view = gr.HTML(
        "", html_template=frame(settings), js_on_load=SCRIPT.read_text(encoding="utf-8"), apply_default_css=False
    )

    def explain(event: gr.EventData, request: gr.Request) -> Iterator[str]:
        session = request.session_hash or ""
        try:
            asked = read_asked(event._data, settings)
        except XsbError as error:
            yield sent({"parts": failure(str(error)), "done": True})
            return
        replaced = latest.ask(session)
        try:
            for told in tell(engine_of(settings), asked, visitor(request), replaced):
                yield sent({"serial": asked.serial, "parts": parts(told, settings), "done": told.done})
        except Exception as error:
            LOG.error("a question failed: %s", type(error).__name__)  # its message may hold text of a prompt
            yield sent({"serial": asked.serial, "parts": failure(BROKEN), "done": True})

    def arrive(query: Query) -> Any:
        if query.get("tab", "try") != "try":
            return gr.skip()
        try:
            asked = read_link(query, settings)
        except XsbError as error:
            return sent({"parts": failure(str(error)), "done": True, "nonce": latest.number()})
        if asked is None:
            return gr.skip()
        return sent({"fill": asked.model_dump(), "run": query.get("run") == "1", "nonce": latest.number()})

    asking = view.submit(
        explain, None, view, trigger_mode="multiple", concurrency_limit=None, show_progress="hidden",
        api_visibility="private",
    )  # fmt: skip
    view.stop(None, cancels=[asking], api_visibility="private")
    place.arrive(arrive, [view])
    api.offer(settings)
