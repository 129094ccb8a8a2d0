"""The Review tab: one candidate at a time, the guidelines of its type beside it. All Gradio of it is here.

On a Space the reviewer is who has signed in with an account of the Hub, and others can only read. Elsewhere the page
asks for a name. The token with which decisions are committed is the Space's own and is shown nowhere.
"""

import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gradio as gr
from gradio.utils import get_space
from pydantic import ValidationError

from builder.guidelines import general, section
from eval.errors import InputError, UnknownName, XsbError
from eval.look import Templates, spoken
from hub_cards.hub import Repository, telling
from hub_cards.push import download
from space_app.gate import from_here
from space_app.place import Place
from space_app.review.account import reviewer_of
from space_app.review.desk import Desk, read_candidates
from space_app.review.ledger import Ledger
from space_app.review.look import page
from space_app.review.sitting import Act, Sitting
from space_app.review.stop import before_end
from space_app.review.store import Folder
from space_app.settings import ReviewSettings

LOG = logging.getLogger(__name__)
HERE = Path(__file__).parent
TEMPLATES = Templates(HERE)
REMEMBERED = "xsb-reviewer"  # the name's key in the browser's storage
ASK = 1.0  # seconds between two questions of a page whether its decisions are saved


def build(place: Place) -> None:
    """Add the tab to the page that is being built.

    Raises:
        InputError: the candidates or the opinions so far cannot be read.
        HubError: the same, of those on the Hub.
    """
    chosen, signing = place.settings.review, get_space() is not None
    assert chosen, "the page has no Review tab without its settings"
    if signing and not chosen.repo_id:
        raise InputError("on a Space the reviews need a repo_id, since what is written to its disk is lost; give one")
    if signing and "OAUTH_CLIENT_ID" not in os.environ:
        raise InputError("reviewers sign in on a Space; add hf_oauth: true to the head of its README.md")
    desk = desk_of(chosen)
    sitting, name = gr.State(Sitting()), gr.BrowserState("", storage_key=REMEMBERED, secret=REMEMBERED)
    with gr.Row(elem_classes="rv-top", visible=signing or not desk.store.at_once):
        line = gr.HTML("", apply_default_css=False, elem_classes="rv-line")
        if signing:
            gr.LoginButton("Sign in with Hugging Face", "Sign out ({})", size="sm", variant="secondary", scale=0)
    with gr.Row(elem_classes="rv-columns"):
        with gr.Column(scale=3, min_width=320):
            frame = f"<style>{_file('review.css')}</style>{_file('frame.html')}"
            view = gr.HTML("", html_template=frame, js_on_load=_file("review.js"), apply_default_css=False)
        with gr.Column(scale=2, min_width=320, visible=False, elem_classes="rv-guide") as guide:
            of_type = gr.Markdown()
            with gr.Accordion("Guidelines for all types", open=False):
                gr.Markdown(general())
    clock = gr.Timer(ASK, active=False)

    def enter(remembered: str, profile: gr.OAuthProfile | None) -> list[Any]:
        if signing:
            return shown(_tried(partial(desk.receive, _account(profile))))
        return shown(_tried(lambda: desk.enter(Sitting(), remembered)) if remembered else Sitting(serial=1))

    def step(now: Sitting, event: gr.EventData, profile: gr.OAuthProfile | None, request: gr.Request) -> list[Any]:
        account = _account(profile) if signing else None
        after = _tried(lambda: desk.step(now, _sent(event, request), account))
        return [gr.skip()] * len(outputs) if after is now else shown(after)

    def shown(now: Sitting) -> list[Any]:
        return [now, page(now), now.reviewer, gr.Column(visible=now.shown is not None), spoken(_guide(now)), *told(now)]

    def told(now: Sitting) -> list[Any]:
        saving = desk.store.saving(now.reviewer)
        guest = now.account and not now.reviewer
        return [TEMPLATES.render("line.html.j2", saving=saving, guest=guest), gr.Timer(active=saving.waiting > 0)]

    outputs = [sitting, view, name, guide, of_type, line, clock]
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    place.blocks.load(enter, name, outputs, **quiet)
    view.submit(step, sitting, outputs, concurrency_limit=1, **quiet)  # so a second click finds the first one done
    clock.tick(told, sitting, [line, clock], **quiet)


def desk_of(chosen: ReviewSettings) -> Desk:
    """The candidates and the store, here or on the Hub; what waits there is committed before the process ends."""
    if chosen.repo_id is None:
        return Desk(read_candidates(chosen.candidates), Folder(chosen.reviews))
    repository = Repository(chosen.repo_id)
    with TemporaryDirectory() as cache:
        file = chosen.candidates
        if chosen.revision:
            with telling(repository.id, f"{file} of revision {chosen.revision}: "):
                file = download(repository, file.as_posix(), chosen.revision, Path(cache))
        candidates = read_candidates(file)
    ledger = Ledger(repository, chosen.reviews.as_posix(), chosen.batch_seconds)
    before_end(ledger.close)
    return Desk(candidates, ledger)


def _account(profile: gr.OAuthProfile | None) -> str:
    return reviewer_of(profile.username) if profile else ""


def _sent(event: gr.EventData, request: gr.Request) -> Act:
    """What the page sent; another site's page may have the browser's cookie, and sends nothing in a reviewer's name."""
    if not from_here(request.headers):
        raise InputError("it came from the page of another site; open this one by itself")
    return Act.model_validate(event._data)


def _tried(step: Callable[[], Sitting]) -> Sitting:
    """What the step gives; what keeps it from being done becomes a message on the page, which stays as it is."""
    try:
        return step()
    except ValidationError as error:
        message = f"the page sent what none of its buttons sends ({error.errors()[0]['msg']}); load it again"
    except XsbError as error:
        message = str(error)
    except OSError as error:  # its text has a path of this machine
        LOG.error("review: %s", error)
        message = error.strerror or type(error).__name__
    raise gr.Error(f"Nothing was saved: {message}", print_exception=False)


def _guide(sitting: Sitting) -> str:
    if not sitting.shown:
        return ""
    try:
        return f"### {sitting.shown.type}\n{section(sitting.shown.type)}"
    except UnknownName:  # a candidate's type may be any text, and this is Markdown
        return "There are no guidelines for candidates of this type."


def _file(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
