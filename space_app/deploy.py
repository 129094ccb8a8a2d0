"""Publishes the Space on the Hub: the files that it needs, in one commit, on top of what is there."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from eval.errors import InputError
from eval.models.skittish import BASE
from hub_cards.errors import HubError
from hub_cards.hub import AGAIN, Repository, persist, telling
from hub_cards.plan import Plan, plan
from hub_cards.push import Published, publish
from space_app.card import card
from space_app.settings import Settings
from space_app.source import on_hub

PACKAGES = ("builder", "eval", "hub_cards", "space_app")
# A Space is built with gradio[oauth,mcp], which takes an older pydantic than the one that is pinned.
UNPINNED = ("pydantic",)
DEFAULTS = "# No settings: the defaults of space_app/settings.py.\n"
FEW = 8  # files of a package that are named one by one


def space_files(config: Path | None, settings: Settings, folder: Path) -> dict[str, Path]:
    """The files of the Space by their path there; those that are made for it are written into `folder`.

    Args:
        config: the file of the settings, which becomes `space.yaml`; None for the defaults.
        settings: what it says.
        folder: an empty one.

    Raises:
        InputError: this is an installed package, which lacks the entry and the pins.
        XsbError: the card would not be true.
    """
    found = {path: file for name in PACKAGES for path, file in _package(name)}
    made = {
        "README.md": space_card(settings),
        "requirements.txt": requirements(),
        "space.yaml": config.read_text(encoding="utf-8") if config else DEFAULTS,
    }
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")
    return {"app.py": _beside("app.py"), **{name: folder / name for name in made}, **found}


def space_card(settings: Settings) -> str:
    """The card of a Space with these settings: what of the Hub it names, the card names."""
    models = [model.name for model in settings.models if model.name != "skittish" and not model.base_url]
    own = settings.weights.repo_id if settings.weights else BASE
    places = map(on_hub, (settings.dataset, *settings.results))
    datasets = list(dict.fromkeys(place.repo_id for place in places if place))
    return card([*([own] if len(models) < len(settings.models) else []), *models], datasets)


def requirements() -> str:
    """What the Space installs, each in the version that is pinned here.

    All in one file, since a Space is built with that file alone: it could not find `constraints.txt`.
    """
    pins = dict(line.split("==") for line in _beside("constraints.txt").read_text(encoding="utf-8").split())
    pins = {_plain(name): pin for name, pin in pins.items()}
    lines = [line.strip() for line in _beside("requirements.txt").read_text(encoding="utf-8").splitlines()]
    named = [line for line in lines if line and not line.startswith(("#", "-"))]
    names = {line: _plain(line.split("[")[0]) for line in named}
    return "".join(f"{line}\n" if name in UNPINNED else f"{line}=={pins[name]}\n" for line, name in names.items())


def not_there(settings: Settings) -> list[str]:
    """What the settings name that the Space will not have, a line each: files and folders of this machine."""
    named = {"dataset": [settings.dataset], "results": settings.results}
    if review := settings.review:
        named["review.candidates"] = [] if review.revision else [str(review.candidates)]
        named["review.reviews"] = [] if review.repo_id else [str(review.reviews)]
    return [
        f"note: {key}: {name} is of this machine, and the Space will not have it; name a dataset on the Hub"
        for key, names in named.items()
        for name in names
        if not on_hub(name)
    ]


def plan_space(files: Mapping[str, Path], repo_id: str, *, dry_run: bool = False) -> Plan:
    """What publishing the files would change.

    Raises:
        HubError: as `hub_cards.plan.plan` raises it.
    """
    return plan(files, Repository(repo_id, "space"), f"xsb {version('xsb')}", dry_run=dry_run)


def publish_space(planned: Plan, *, private: bool = False) -> Published:
    """Do what was planned, and compare what then is there with the files here, by their hashes.

    Raises:
        HubError: it was not published, and the repository is as before; or it was, and is not the same there.
    """
    done = publish(planned, private=private)
    with telling(planned.repository.id, f"published as {done.revision[:12]}, but not compared: "):
        same = persist(lambda: planned.repository.holds(done.revision, planned.files))
    if not same:
        raise HubError(f"published as {done.revision[:12]}, but a file is not there as it is here; {AGAIN}")
    return done


def differences(planned: Plan) -> list[str]:
    """Which files would be added and changed, a line each; of many in one package, how many."""
    found = (("added", planned.added), ("changed", planned.changed))
    return [f"files {word}: {', '.join(_short(paths))}" for word, paths in found if paths]


def _short(paths: Iterable[str]) -> list[str]:
    ordered = sorted(paths)
    sizes = Counter(path.split("/")[0] for path in ordered if "/" in path)
    shown = {path: path for path in ordered}
    for path in ordered:
        if sizes[top := path.split("/")[0]] > FEW:
            shown[path] = f"{top} ({sizes[top]})"
    return list(dict.fromkeys(shown.values()))


def _package(name: str) -> Iterable[tuple[str, Path]]:
    """The files of a package, code and data."""
    root = Path(import_module(name).__path__[0])
    for file in sorted(root.rglob("*")):
        inside = file.relative_to(root.parent)
        if file.is_file() and not any(part == "__pycache__" or part.startswith(".") for part in inside.parts):
            yield inside.as_posix(), file


def _beside(name: str) -> Path:
    """A file that lies beside the packages in a checkout."""
    file = Path(import_module("space_app").__path__[0]).parent / name
    if not file.is_file():
        raise InputError(f"{file} is missing: the installed package has no {name}; deploy from a checkout of xsb")
    return file


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.lower())
