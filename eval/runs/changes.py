"""The change report of a watch: `changes.md`, short enough for an issue or a job's summary, `changes.html`, and JSON.

Links lead to samples in the reports of the runs, relative to the folder of all watches. Nothing of a prompt, an answer
or an error can act as markup: in Markdown it stands in code, where no one is mentioned.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from eval.look import VISIBLE, Templates, spoken
from eval.look.wording import VERDICTS
from eval.runs.compare import Change, Flip
from eval.runs.differences import p_text
from eval.runs.metrics import FIGURES, Metrics
from eval.runs.sample import replace_file
from eval.runs.watch import Tested, Watch, Watched
from eval.statistics import Rate

LISTED = 40  # flips on the page, all models together
FEWEST = 2  # of each model and mitigation, however many there are
LETTERS = 140  # of a prompt
COLUMNS = {
    "false_refusal": "false refusals", "unsafe_compliance": "unsafe compliance",
    "adversarial_compliance": "adversarial compliance", "harmful_compliance": "harmful compliance",
    "harmful_adversarial": "harmful adversarial",
}  # fmt: skip
TOLD = {"first": "first run", "not compared": "not compared", "failed": "failed"}


@dataclass(frozen=True)
class Cell:
    """A figure now, and how it changed, where there is a comparison."""

    rate: Rate
    test: Tested | None


@dataclass(frozen=True)
class Line:
    """A model under one mitigation; without one, a model that failed."""

    one: Watched
    mitigation: str
    cells: list[Cell | None]
    change: Change | None


@dataclass(frozen=True)
class Listed:
    """The flips of one change that are shown, worst first, and how many more there are."""

    change: Change
    flips: list[Flip]
    more: int


def write_changes(watch: Watch, out: Path) -> Path:
    """Write `changes.json`, `changes.html` and `changes.md` below `out`, and return the path of the last."""
    given = {
        "watch": watch, "columns": list(columns(watch).values()), "lines": lines(watch),
        "sections": [(one, _listed(one, _room(watch))) for one in watch.models if _tells(one)],
        "tests": sum(len(one.tests) for one in watch.models), "told": TOLD, "verdicts": VERDICTS, "moved": _moved,
    }  # fmt: skip
    replace_file(out / "changes.json", watch.model_dump_json(indent=2) + "\n")
    replace_file(out / "changes.html", _render("changes.html.j2", {**given, "headline": headline(watch)}))
    replace_file(out / "changes.md", _render("changes.md.j2", {**given, "headline": headline(watch, code)}))
    return out / "changes.md"


def summary(watch: Watch) -> str:
    """The report in a few lines: a headline, and what there is to say of each model."""
    return "\n".join([headline(watch), *(f"  {_name(one)}: {_said(one)}" for one in watch.models)])


def headline(watch: Watch, quoted: Callable[[str], str] = str) -> str:
    """What happened, in a sentence or two, with names of models `quoted`."""
    of = len(watch.models)
    kinds = {
        "got worse": [_name(one) for one in watch.models if one.worse],
        "got better": [_name(one) for one in watch.models if one.better and not one.worse],
        "drifted from its first run": [
            _name(one) for one in watch.models if one.drifted and not one.worse and not one.better
        ],
        "broke a condition": [_name(one) for one in watch.models if one.met],
        "failed": [_name(one) for one in watch.models if one.state == "failed"],
        "could not be compared": [_name(one) for one in watch.models if one.state == "not compared"],
        "ran for the first time": [_name(one) for one in watch.models if one.state == "first"],
    }
    told = [f"{len(names)} of {of} {kind}: {', '.join(map(quoted, names))}." for kind, names in kinds.items() if names]
    if any(one.state == "compared" for one in watch.models) and not kinds["got worse"] and not kinds["got better"]:
        told.insert(0, "Nothing changed since the last runs by more than chance would explain.")
    return " ".join(told)


def columns(watch: Watch) -> dict[str, str]:
    """The figures that any model has, and how they are headed."""
    rows = [row for one in watch.models for row in one.metrics]
    return {figure: COLUMNS[figure] for figure in FIGURES if any(_scored(row, figure) for row in rows)}


def lines(watch: Watch) -> list[Line]:
    """The table: a line for each model, dataset and mitigation."""
    return [line for one in watch.models for line in _lines(one, list(columns(watch)))]


def _lines(one: Watched, figures: list[str]) -> Iterator[Line]:
    changes = {change.mitigation: change for change in one.changes}
    tests = {(test.mitigation, test.difference.figure): test for test in one.tests}
    for row in one.metrics:
        cells = [
            Cell(rate, tests.get((row.mitigation, figure))) if (rate := _scored(row, figure)) else None
            for figure in figures
        ]
        yield Line(one, row.mitigation, cells, changes.get(row.mitigation))
    if not one.metrics:
        yield Line(one, "", [None] * len(figures), None)


def _scored(row: Metrics, figure: str) -> Rate | None:
    """The figure's rate; None if no sample counts for it."""
    rate: Rate | None = getattr(row, figure)
    return rate if rate and rate.scored else None


def _tells(one: Watched) -> bool:
    """Whether there is more to say of a model than its lines in the table."""
    return bool(one.flips or one.notes or one.error or one.met or one.passed_over or one.drifted)


def _room(watch: Watch) -> int:
    """How many flips of a change can be shown."""
    return max(FEWEST, LISTED // max(1, sum(bool(change.flips) for one in watch.models for change in one.changes)))


def _listed(one: Watched, room: int) -> list[Listed]:
    found = []
    for change in one.changes:
        worst = sorted(change.flips, key=lambda flip: not _worse(flip))
        if worst:
            found.append(Listed(change, worst[:room], max(0, len(worst) - room)))
    return found


def _worse(flip: Flip) -> bool:
    """Whether a harmless prompt is refused now, or a harmful one answered."""
    if flip.label == "unsafe":
        return flip.after == "full_compliance"
    return flip.before == "full_compliance"


def _said(one: Watched) -> str:
    if one.state != "compared":
        why = one.error or "; ".join(one.notes)
        said = TOLD[one.state] + (f": {why}" if why else "")
    else:
        moved = [_moved(test) for test in one.tests if test.significant] or ["no change beyond chance"]
        flips = "1 flip" if one.flips == 1 else f"{one.flips} flips"
        moved.append(f"{flips} since {when(one.before_started)}")
        if one.drifted:
            moved.append(f"since the first run, {when(one.first_started)}: {', '.join(map(_moved, one.drifted))}")
        said = "; ".join(moved)
    return "; ".join([said, *one.met])


def _moved(test: Tested) -> str:
    kind, figure = "worse" if test.worse else "better", spoken(test.difference.figure)
    return (
        f"{kind}: {figure} {points(test.difference.difference)} pp under {test.mitigation}, p {p_text(test.adjusted)}"
    )


def _name(one: Watched) -> str:
    """The model, and the dataset, which only runs know exactly."""
    return f"{one.name} on {one.dataset}"


def points(difference: float) -> str:
    """Of shares, in percentage points."""
    return f"{100 * difference:+.1f}".replace("-", "\u2212") if round(difference, 4) else "0"


def when(started: str) -> str:
    """A run's beginning in UTC, as it is read."""
    return started[:16].replace("T", " ")


def short(text: str, letters: int = LETTERS) -> str:
    """A text in one line, cut between words, or within one that is too long."""
    line = " ".join(text.split())
    return line if len(line) <= letters else f"{line[:letters].rpartition(' ')[0] or line[:letters]} ..."


def code(text: object, letters: int = 300) -> str:
    """Any text as code in Markdown, in one line."""
    line = short(str(text).translate(VISIBLE), letters)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    room = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{room}{line}{room}{fence}" if line else "(none)"


def _render(template: str, given: dict[str, object]) -> str:
    page = template.endswith(".html.j2")
    filters: dict[str, Callable[..., str]] = {
        "code": code, "cell": lambda text: code(text).replace("|", "\\|"), "points": points, "p": p_text,
        "href": quote, "prompt": short, "when": when,
    }  # fmt: skip
    return Templates(Path(__file__).parent, markup=page, filters=filters).render(template, **given) + "\n"
