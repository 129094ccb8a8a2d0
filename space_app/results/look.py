"""What the Results tab shows, as HTML made by its templates: the leaderboard, samples of a run, or why neither."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.errors import XsbError
from eval.look import Templates
from eval.runs.report import headline
from eval.runs.tradeoff import curves
from hub_cards.errors import HubError
from space_app.place import link
from space_app.results.asked import Asked
from space_app.results.rows import Section, choices, points_of, rows_of, sections
from space_app.results.run import Run
from space_app.results.samples import Page, page_of

ROWS = 60  # of a section
COMPARED = 4  # rows whose types stand side by side
OURS = {"xsb", "ms_xsb"}  # datasets whose records Explore shows
OUTCOMES = (
    ("refused", "✕ ◐ refused or partly"), ("partly", "◐ partly"), ("answered", "✓ answered"),
    ("unscored", "? unscored"),
)  # fmt: skip
SORTS = (
    ("refusals", "fewest false refusals"), ("unsafe", "least unsafe compliance"),
    ("adversarial", "least adversarial compliance"), ("seconds", "fastest"), ("model", "model"),
    ("mitigation", "mitigation"),
)  # fmt: skip
TEMPLATES = Templates(Path(__file__).parent)


def shown(runs: Sequence[Run], asked: Asked, told: str = "", limit: int = 0, dataset: str = "") -> str:
    """The tab.

    Args:
        runs: all that there are, with what this visitor uploaded.
        asked: what of them.
        told: what is wrong with an upload, "" if nothing is.
        limit: bytes of an upload.
        dataset: that Explore shows, so that samples of its records lead there.
    """
    if not runs:
        return TEMPLATES.render("empty.html.j2", asked=asked, told=told, limit=limit)
    return _samples(runs, asked, dataset) if asked.run else _board(runs, asked, told, limit)


def _board(runs: Sequence[Run], asked: Asked, told: str, limit: int) -> str:
    rows = rows_of(runs)
    found = sections(rows, asked, ROWS)
    readable = [run for run in runs if run.report]
    alone = readable[0].report if len(readable) == 1 else None
    line = headline(alone.config.model, alone.overall, alone.config.samples) if alone else _counted(readable)
    return TEMPLATES.render(
        "board.html.j2", asked=asked, told=told, headline=line, sections=[(one, _drawn(one)) for one in found],
        choices=choices(rows), broken=[run for run in runs if run.wrong], count=sum(len(one.rows) for one in found),
        notes=alone.notes if alone else [], compared=COMPARED, limit=limit,
        sorts=SORTS,
    )  # fmt: skip


def _drawn(section: Section) -> dict[str, Any]:
    """What else is drawn of a section: its points, and the types of its first rows."""
    points, first = points_of(section.rows), section.rows[:COMPARED]
    types = dict.fromkeys(name for row in first for name in row.report.by_type)
    by_type = {
        name: [
            next((one for one in row.report.by_type.get(name, []) if one.mitigation == row.mitigation), None)
            for row in first
        ]
        for name in types
    }
    return {"points": points, "curves": curves(points), "first": first, "types": by_type}


def _counted(runs: Sequence[Run]) -> str:
    configs = [run.report.config for run in runs if run.report]
    models, datasets = len({one.model for one in configs}), len({one.fingerprint for one in configs})
    if not configs:
        return "None of the runs can be shown."
    sets = "the same records" if datasets == 1 else f"{datasets} sets of records"
    return f"{len(configs)} runs of {models} {'model' if models == 1 else 'models'} on {sets}."


def _samples(runs: Sequence[Run], asked: Asked, dataset: str) -> str:
    run = next((run for run in runs if run.key == asked.run), None)
    try:
        if run is None:
            raise XsbError("There is no run of that name here, or not any more.")
        if run.report is None:
            raise XsbError(f"This run cannot be shown: {run.wrong}.")
        if run.samples is None:
            raise XsbError("The samples of this run are not here, only its report.")
        page = page_of(run.samples(), asked, run.report.config.method)
    except (XsbError, HubError) as error:
        line = str(error)
        return TEMPLATES.render("lost.html.j2", asked=asked, line=line[:1].upper() + line[1:])
    return _opened(run, page, asked, dataset)


def _opened(run: Run, page: Page, asked: Asked, dataset: str) -> str:
    report = run.report
    assert report  # whoever asks for samples looked
    config = report.config
    ours = {*OURS, _repository(dataset)}.issuperset(_repository(name) for name in config.dataset.split(","))
    return TEMPLATES.render(
        "samples.html.j2", asked=asked, run=run, report=report, page=page, outcomes=OUTCOMES, ours=ours, link=link,
        headline=headline(config.model, report.overall, config.samples), several=config.samples > 1,
    )  # fmt: skip


def _repository(dataset: str) -> str:
    """A dataset's name without the revision and the config that a run or the settings take of it."""
    return dataset.partition(":")[0].partition("@")[0]
