"""`xsb-eval watch`: runs a list of models, and says what changed since their last runs."""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.main import get_command

from eval.commands.options import name_list, one_or_more
from eval.commands.results import FailIf
from eval.commands.run import run
from eval.commands.watched import Entry, read_entries
from eval.errors import InputError, ModelError, UnknownName

if TYPE_CHECKING:
    from eval.runs.conditions import Condition
    from eval.runs.watch import Watched

STAMP = "%Y-%m-%dT%H-%M-%SZ"  # a folder's name on any system, and in any archive
GOING_ON = "unfinished"  # holds the name of the folders of a watch that has not ended


def watch(
    config: Annotated[Path, typer.Option(help="YAML file: `models`, `out`, and options of run for all of them.")],
    fail_if: FailIf = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout instead of a summary.")] = False,
) -> None:
    """Run models again, compare each with its last run, and write what changed.

    Exit code 0: nothing got worse by more than chance; 1: something did, or a condition of --fail-if holds; 2: the file
    or an option cannot be used; 3: nothing got worse, but a model failed.
    """
    from eval.runs.changes import summary, write_changes
    from eval.runs.conditions import parse
    from eval.runs.watch import Watch, adjust

    conditions = [parse(text) for text in fail_if or []]
    command = _run_command()
    out, entries = read_entries(config, {parameter.name for parameter in command.params if parameter.name})
    datasets = [_check(command, entry, out) for entry in entries]
    _check_conditions(conditions, entries)
    stamp = _begin(out)
    found: list[Watched] = []
    for entry, names in zip(entries, datasets, strict=True):
        place, error = _run(command, entry, out / entry.folder, stamp, names)
        found += _look(entry, out, place, names, conditions, error)
    adjust(found)
    result = Watch(started=_time_of(stamp), models=found)
    page = write_changes(result, out)
    (out / GOING_ON).unlink()
    typer.echo(result.model_dump_json(indent=2) if as_json else f"{summary(result)}\nreport: {page}")
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def _run_command() -> Any:
    """`xsb-eval run`, to be called with whatever options it has."""
    app = typer.Typer()
    app.command()(run)
    return get_command(app)


def _check(command: Any, entry: Entry, out: Path) -> list[str]:
    """Raise for values and names that `run` would refuse, before anything runs; the names of the datasets."""
    from eval.checks import check_names
    from eval.runs.experiment import folders
    from eval.runs.options import check_sampling

    defaults = {**entry.options, "out": str(out / entry.folder)}
    given = command.make_context("run", [], default_map=defaults).params
    check_names(None, name_list(given["mitigations"]), given["judge"])
    check_sampling(given["temperature"], given["samples"])
    names = one_or_more(given["dataset"])
    folders(out, [given["model"]], names)
    return names


def _check_conditions(conditions: "Sequence[Condition]", entries: Sequence[Entry]) -> None:
    known = {"none", *(name for entry in entries for name in name_list(entry.options.get("mitigations", "")))}
    for condition in conditions:
        if condition.mitigation and condition.mitigation not in known:
            raise UnknownName("mitigation", condition.mitigation, known)


def _begin(out: Path) -> str:
    """The name of the folders of this watch: of one that did not end, which goes on, or of now."""
    if (out.exists() and not out.is_dir()) or (out / "config.json").exists() or (out / "samples.jsonl").exists():
        raise InputError(
            f"{out} is {'a run' if out.is_dir() else 'a file'}, not a folder for watches; choose another out"
        )
    out.mkdir(parents=True, exist_ok=True)
    mark = out / GOING_ON
    if mark.exists():
        stamp = mark.read_text(encoding="utf-8").strip()
        if not _time_of(stamp):
            raise InputError(f"{mark} is not this command's; choose another out")
        if any(out.glob(f"*/{stamp}*")):
            return stamp
    now = datetime.now(UTC)
    while any(out.glob(f"*/{now.strftime(STAMP)}*")):  # of a watch that took less than a second
        now += timedelta(seconds=1)
    mark.write_text(now.strftime(STAMP) + "\n", encoding="utf-8")
    return now.strftime(STAMP)


def _time_of(stamp: str) -> str:
    """When a watch began; "" if that is no name of a watch."""
    try:
        return datetime.strptime(stamp, STAMP).replace(tzinfo=UTC).isoformat()
    except ValueError:
        return ""


def _run(
    command: Any, entry: Entry, folder: Path, stamp: str, datasets: Sequence[str]
) -> tuple[Path, ModelError | None]:
    """Run a model, in the folder of an unfinished run if that is the same one; where, and how the model failed."""
    from eval.runs.config import OtherRun

    place = _place(folder, stamp, datasets)
    try:
        try:
            _call(command, entry, place)
        except OtherRun:
            place = _fresh(folder, stamp)
            _call(command, entry, place)
    except ModelError as error:
        typer.echo(f"error: {entry.name}: {error}", err=True)
        return place, error
    return place, None


def _call(command: Any, entry: Entry, place: Path) -> None:
    """Run it; what it says goes to stderr, since stdout is the watch's."""
    typer.echo(f"{entry.name} in {place}", err=True)
    with redirect_stdout(sys.stderr):
        defaults = {**entry.options, "out": str(place)}
        code = command.main([], prog_name="xsb-eval run", standalone_mode=False, default_map=defaults)
    if code:  # interrupted
        raise typer.Exit(code)


def _place(folder: Path, stamp: str, datasets: Sequence[str]) -> Path:
    """Where to run: in this watch's folder if there is one, else in an unfinished last run's, else in a new one."""
    from eval.runs.history import history

    if here := sorted(folder.glob(f"{stamp}*")):
        return here[-1]
    runs, _ = history(folder)
    if not runs:
        return _fresh(folder, stamp)
    last = runs[-1].folder
    place = last if last.parent == folder else last.parent
    done = [past for past in runs if place in (past.folder, past.folder.parent) and past.finished]
    return place if len(done) < len(datasets) else _fresh(folder, stamp)


def _fresh(folder: Path, stamp: str) -> Path:
    names = [stamp, *(f"{stamp}-{number}" for number in range(2, 100))]
    return next(folder / name for name in names if not (folder / name).exists())


def _look(
    entry: Entry, out: Path, place: Path, datasets: Sequence[str], conditions: "Sequence[Condition]",
    error: ModelError | None,
) -> "list[Watched]":  # fmt: skip
    """What became of a model on each of its datasets."""
    from eval.runs.experiment import folders
    from eval.runs.history import past_in
    from eval.runs.watch import Watched, watched

    found = []
    for (_, dataset), folder in folders(place, [entry.options["model"]], datasets).items():
        past, why = past_in(folder), str(error or "the run is not finished")
        if past and past.finished:
            try:
                found.append(watched(entry.name, out / entry.folder, out, past, conditions))
                continue
            except InputError as unusable:
                why = str(unusable)
        found.append(Watched(name=entry.name, dataset=dataset, state="failed", error=why))
    return found
