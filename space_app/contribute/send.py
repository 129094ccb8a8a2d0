"""Opens a pull request with a finished draft, in the visitor's name and with the visitor's token, which is not kept."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from builder.contribute.beside import Beside
from eval.errors import InputError
from eval.record import digest
from hub_cards.hub import Repository, persist, telling
from hub_cards.plan import plan
from hub_cards.push import publish
from space_app.contribute.draft import Draft, file_name
from space_app.contribute.look import Sent
from space_app.contribute.looked import Looked, look_at

LARGE = 100_000  # bytes of the file
TITLE = re.compile(r"Add ([\w-]+) \(text ([0-9a-f]{12})\)")
OWN = (
    "Every text is the author's own, or its model is named in `author_kind`; none is from another benchmark. It may be "
    "used under CC-BY-4.0. Written with the form of the project's Space, which found no problem; "
    "no human has reviewed it."
)


def send(draft: Draft, there: Beside, repository: Repository) -> Sent:
    """Open the pull request, or find the one that was opened with the same texts before.

    Raises:
        InputError: the draft breaks a rule, or its name is taken on the Hub.
        HubError: the Hub does not let the visitor do this, or cannot be reached.
    """
    text = _digest(draft)
    looked = look_at(draft, there)
    if not looked.valid:
        raise InputError("a rule is broken; mend what is marked, and send it then")
    taken = dict(_requested(repository))
    while (name := _name(looked)) in taken and taken[name] != text:
        if draft.form == "dialogue":
            raise InputError(f"another pull request adds {name}; choose another name")
        looked = look_at(draft, there, looked.number + 1)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "record.yaml"
        file.write_text(looked.text, encoding="utf-8")
        files = {f"records/{file_name(draft, looked.number)}": file}
        title = f"Add {name} (text {text})"
        planned = plan(files, repository, title, create_pr=True, limit=LARGE)
        if planned.changed:
            raise InputError(f"{name} is there already on the Hub; choose another name, or load this page again")
        done = publish(replace(planned, description=OWN))
    return Sent(url=done.url, new=done.sent)


def _name(looked: Looked) -> str:
    return Path(file_name(looked.draft, looked.number)).stem


def _requested(repository: Repository) -> Iterator[tuple[str, str]]:
    """Names that open pull requests of this form would add, each with the digest of its texts."""

    def ask() -> list[str]:
        api = repository.api
        found = api.get_repo_discussions(
            repository.id, repo_type=repository.kind, discussion_type="pull_request", discussion_status="open"
        )
        return [one.title for one in found]

    with telling(repository.id):
        titles = persist(ask)
    for title in titles:
        if match := TITLE.fullmatch(title):
            yield match[1], match[2]


def _digest(draft: Draft) -> str:
    return digest([message for text in draft.texts for message in draft.messages(text)])
