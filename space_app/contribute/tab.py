"""The Contribute tab: a new prompt or scenario, checked while it is typed. All Gradio of it is here."""

import os
from functools import cache
from pathlib import Path

import gradio as gr
from gradio.utils import get_space

from builder.contribute.beside import Beside, beside
from builder.shipped import RECORDS
from eval.errors import InputError, XsbError
from hub_cards.errors import HubError
from hub_cards.hub import Repository
from space_app.contribute.api import check_record
from space_app.contribute.draft import EMPTY, SCENARIO, Draft, read_draft
from space_app.contribute.look import Sent, form_html
from space_app.contribute.looked import Looked, look_at
from space_app.contribute.send import send
from space_app.gate import from_here
from space_app.place import Place, Query
from space_app.program import counted, visitor
from space_app.source import on_hub

HERE = Path(__file__).parent


def build(place: Place) -> None:
    """Add the tab to the page that is being built."""
    signing = get_space() is not None and "OAUTH_CLIENT_ID" in os.environ
    there = on_hub(place.settings.dataset) if signing else None
    hub = there.repo_id if there else ""

    def checked(sent: str, profile: gr.OAuthProfile | None, request: gr.Request) -> str:
        try:
            place.lookups.count(visitor(request))
        except XsbError as error:
            return _empty(str(error), hub, sent)
        return _shown(sent, hub, profile)

    def sent_off(sent: str, profile: gr.OAuthProfile | None, token: gr.OAuthToken | None, request: gr.Request) -> str:
        try:
            outcome = send(read_draft(sent), _there(), _repository(hub, token, request))
        except (XsbError, HubError) as error:
            outcome = Sent(problem=str(error))
        return _shown(sent, hub, profile, outcome)

    def arrive(query: Query) -> object:
        if query.get("tab") != "contribute" or "draft" not in query:
            return gr.skip()
        return _shown(query["draft"], hub, None, given=True)

    view = gr.HTML(
        "", html_template=_file("frame.html"), js_on_load=_file("form.js"), server_functions=[checked, sent_off],
        apply_default_css=False,
    )  # fmt: skip
    if hub:
        gr.LoginButton("Sign in with Hugging Face", "Sign out ({})", size="sm", variant="secondary", scale=0)
    place.arrive(arrive, [view])
    gr.api(counted(check_record, place.lookups), api_name="check_record")


def _shown(
    sent: str, hub: str, profile: gr.OAuthProfile | None, outcome: Sent | None = None, *, given: bool = False
) -> str:
    """The form that holds what the page or an address sent, checked; an empty one where that is none."""
    try:
        draft = read_draft(sent)
    except InputError as error:
        return _empty(f"This address holds no form. {error}", hub) if given else _empty(str(error), hub, sent)
    looked = _unwritten(draft) if draft in (EMPTY, SCENARIO) else look_at(draft, _there())
    signed = profile.username if profile else ""
    return form_html(looked, _there(), hub=hub, signed=signed, sent=outcome)


def _empty(why: str, hub: str, sent: object = None) -> str:
    """An empty form that says why what was sent is not in it, with that to copy from."""
    return form_html(_unwritten(EMPTY), _there(), hub=hub, failure=why, refused=sent if isinstance(sent, str) else None)


@cache
def _unwritten(draft: Draft) -> Looked:
    """A form in which nothing is written is what most visitors see, and it is checked once."""
    return look_at(draft, _there())


def _file(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _there() -> Beside:
    return beside(RECORDS)


def _repository(hub: str, token: gr.OAuthToken | None, request: gr.Request) -> Repository:
    """The dataset, for the visitor's token.

    Another site's page cannot send anything in a visitor's name, though it has the browser's cookie.
    """
    if token is None or not hub:
        raise InputError("nobody is signed in; sign in with the button below, what you typed stays")
    if not from_here(request.headers):
        raise InputError("this came from the page of another site; open this one by itself")
    return Repository(hub, token=token.token)
