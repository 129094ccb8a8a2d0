"""The Explore tab: the records of the datasets. All Gradio of it is here."""

from pathlib import Path
from typing import Any

import gradio as gr

from eval.errors import XsbError
from eval.look import VISIBLE
from space_app.explore.api import api
from space_app.explore.choice import LONGEST, asked_for, find
from space_app.explore.look import error_html, filters_html, page_html, record_html
from space_app.explore.records import records_of
from space_app.place import Place, Query, query
from space_app.program import counted
from space_app.source import on_hub

HERE = Path(__file__).parent
ADDRESS = 4 * LONGEST * 6  # characters of an address that are read


def build(place: Place) -> None:
    """Add the tab to the page that is being built.

    Raises:
        InputError: the dataset's folder holds no release. One on the Hub is asked for on the first visit.
    """
    dataset = place.settings.dataset
    if not on_hub(dataset):
        records_of(dataset)
    view = gr.HTML(None, html_template=_file("frame.html"), js_on_load=_file("explore.js"), apply_default_css=False)

    def arrive(asked: Query) -> Any:
        return shown(dataset, asked) if asked.get("tab") == "explore" else gr.skip()

    def chosen(event: gr.EventData) -> dict[str, Any]:
        told = event._data
        serial = told.get("serial") if isinstance(told, dict) else None
        address = str(told.get("address", ""))[:ADDRESS] if isinstance(told, dict) else ""
        return shown(dataset, query(address), serial if isinstance(serial, int) else 0)

    place.arrive(arrive, [view])
    view.submit(
        chosen, None, view, show_progress="hidden", api_visibility="private", trigger_mode="multiple",
        concurrency_limit=None,
    )  # fmt: skip
    gr.api(counted(api(place.settings), place.lookups), api_name="records", concurrency_limit=None)


def shown(dataset: str, asked: Query, serial: int = 0) -> dict[str, Any]:
    """What the page shows for an address; `serial` tells it which question of its own this answers, 0 for none."""
    choice = asked_for(asked)
    page = {"serial": serial, "q": choice.q, "address": choice.address(), "filters": "", "say": ""}
    page["place"] = choice.record or f"page {choice.page}"
    try:
        records = records_of(dataset)
        found = find(records, choice)
        if choice.record:
            record = records.get(choice.record)
            return {**page, "results": record_html(records, record, choice, len(found.records))}
    except XsbError as error:
        again, button = (choice.address(record=""), "All records") if choice.record else (choice.address(), "Try again")
        return {**page, "results": error_html(str(error), again, button)}
    say = f"{len(found.records)} of {len(records.all)} records. Shown is {records.origin.translate(VISIBLE)}."
    return {**page, "filters": filters_html(choice, found), "results": page_html(records, choice, found), "say": say}


def _file(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
