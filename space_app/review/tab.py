"""The Review tab: one candidate at a time, the guidelines of its type beside it. All Gradio of it is here."""

from collections.abc import Callable
from pathlib import Path

import gradio as gr
from pydantic import ValidationError

from builder.guidelines import general, section
from eval.errors import InputError, UnknownName, XsbError
from space_app.place import Place
from space_app.review.desk import Desk
from space_app.review.look import page
from space_app.review.sitting import Act, Sitting

HERE = Path(__file__).parent
REMEMBERED = "xsb-reviewer"  # the name's key in the browser's storage


def build(place: Place) -> None:
    """Add the tab to the page that is being built.

    Raises:
        InputError: the candidates or the opinions so far cannot be read.
    """
    chosen = place.settings.review
    if chosen is None or chosen.reviews is None:
        raise InputError("the Review tab needs both --candidates FILE.jsonl and --reviews FOLDER; give the other too")
    desk = Desk(chosen.candidates, chosen.reviews)
    sitting, name = gr.State(Sitting()), gr.BrowserState("", storage_key=REMEMBERED, secret=REMEMBERED)
    with gr.Row(elem_classes="rv-columns"):
        with gr.Column(scale=3, min_width=320):
            frame = f"<style>{_file('review.css')}</style>{_file('frame.html')}"
            view = gr.HTML("", html_template=frame, js_on_load=_file("review.js"), apply_default_css=False)
        with gr.Column(scale=2, min_width=320, visible=False, elem_classes="rv-guide") as guide:
            of_type = gr.Markdown()
            with gr.Accordion("Guidelines for all types", open=False):
                gr.Markdown(general())
    shown = [sitting, view, name, guide, of_type]

    def enter(remembered: str) -> list[object]:
        return _shown(_tried(lambda: desk.enter(Sitting(), remembered)) if remembered else Sitting(serial=1))

    def step(now: Sitting, event: gr.EventData) -> list[object]:
        after = _tried(lambda: desk.step(now, Act.model_validate(event._data)))
        return [gr.skip()] * len(shown) if after is now else _shown(after)

    place.blocks.load(enter, name, shown, show_progress="hidden", api_visibility="private")
    view.submit(step, sitting, shown, show_progress="hidden", api_visibility="private")


def _tried(step: Callable[[], Sitting]) -> Sitting:
    """What the step gives; what keeps it from being done becomes a message on the page, which stays as it is."""
    try:
        return step()
    except ValidationError as error:
        message = f"the page sent what none of its buttons sends ({error.errors()[0]['msg']}); load it again"
    except (XsbError, OSError) as error:
        message = str(error)
    raise gr.Error(f"Nothing was saved: {message}", print_exception=False)


def _shown(sitting: Sitting) -> list[object]:
    """What each component of the tab becomes."""
    return [sitting, page(sitting), sitting.reviewer, gr.Column(visible=sitting.shown is not None), _guide(sitting)]


def _guide(sitting: Sitting) -> str:
    if not sitting.shown:
        return ""
    try:
        return f"### {sitting.shown.type}\n{section(sitting.shown.type)}"
    except UnknownName as error:
        return str(error)


def _file(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
