"""The Results tab: runs compared, and every number opened into its samples. All Gradio of it is here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from eval.errors import InputError
from space_app.place import Place, Query, query
from space_app.program import counted
from space_app.results.asked import Asked, asked_of
from space_app.results.look import shown
from space_app.results.reading import read_report
from space_app.results.rows import as_json, chosen, rows_of
from space_app.results.run import Run
from space_app.results.shelf import runs_of
from space_app.results.uploads import Uploads

HERE = Path(__file__).parent
UPLOADS = 3  # reports that a visitor may add
MOST_ROWS = 1000
KEPT = 3600  # seconds that an upload is remembered


def build(place: Place) -> None:
    """Add the tab to the page that is being built."""
    settings = place.settings
    limit = settings.limits.upload_bytes
    uploads, tokens = Uploads(), gr.State([], time_to_live=KEPT)
    frame = {"html_template": _file("frame.html"), "js_on_load": _file("results.js")}
    view = gr.HTML("", **frame, apply_default_css=False)

    def told(asked: Query, own: list[str]) -> Any:
        if asked.get("tab") != "results":
            return gr.skip()
        return seen(uploads.of(own), asked_of(asked))

    def step(own: list[str], event: gr.EventData) -> tuple[str, list[str]]:
        """The first look at the tab, an upload, or one that is taken away again."""
        sent = event._data if isinstance(event._data, dict) else {}
        kept, wrong = [run for run in uploads.of(own) if run.key != sent.get("drop")], ""
        if "upload" in sent:  # the file's text; it never is a file here
            try:
                kept = added(kept, str(sent["upload"]).encode(errors="replace"), limit)
            except InputError as error:
                wrong = f"The file is not shown: {error}."
        return seen(kept, asked_of(query(str(sent.get("search", "")))), wrong), uploads.replace(own, kept)

    def seen(own: list[Run], asked: Asked, wrong: str = "") -> str:
        return shown([*runs_of(settings.results), *own], asked, wrong, limit, settings.dataset)

    place.arrive(told, [view], [tokens])
    view.submit(
        step, tokens, [view, tokens], trigger_mode="always_last", show_progress="hidden", api_visibility="private"
    )
    gr.api(counted(_results(settings.results), place.lookups), api_name="results")


def added(own: list[Run], content: bytes, limit: int) -> list[Run]:
    """The uploads of a visitor with one more; the oldest goes where there are too many.

    Raises:
        InputError: as for `read_report`.
    """
    number = int(own[-1].key.rpartition("-")[2]) + 1 if own else 1
    return [*own, Run(f"uploaded-{number}", read_report(content, limit), uploaded=True)][-UPLOADS:]


def _results(sources: tuple[str, ...]) -> Callable[..., list[dict[str, Any]]]:
    def results(model: str = "", dataset: str = "", mitigation: str = "", limit: int = 100) -> list[dict[str, Any]]:
        """Measured results of models, a row per mitigation: safe prompts refused, and unsafe prompts answered.

        Compare only rows with the same fingerprint: they are of the same records.

        Args:
            model: Exact name of a model, such as skittish; empty for all.
            dataset: Exact name of a dataset, such as xsb; empty for all.
            mitigation: Exact name of a mitigation, such as steer, or none; empty for all.
            limit: At most so many rows, from 1 to 1000.

        Returns:
            Rows with run, model, dataset, split, fingerprint, records, judge and mitigation; false_refusal,
            unsafe_compliance and adversarial_compliance, each with count, scored, share, and low and high of its 95 %
            interval; against_none, the differences (shares, -1 to 1) by figure; seconds and tokens per answer; and how
            many answers are unscored. Without a scored answer share, low and high are null.
        """
        rows = chosen(rows_of(runs_of(sources)), Asked(model=model, dataset=dataset, mitigation=mitigation))
        most = limit if isinstance(limit, int) else MOST_ROWS  # callers may send anything
        return [as_json(row) for row in rows[: min(max(most, 1), MOST_ROWS)]]

    return results


def _file(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
