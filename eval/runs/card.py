"""A run's card: what was run, and what came out, for whoever finds its folder on the Hub."""

from collections.abc import Sequence
from pathlib import Path

from eval.errors import XsbError
from eval.runs.config import Config
from eval.runs.report import headline, read_run, report_of
from eval.runs.sample import Sample
from hub_cards.check import problems
from hub_cards.results import results_card

OURS = {"xsb", "ms_xsb"}  # released by this project
FILES = ("config.json", "samples.jsonl", "report.json", "report.html")


def run_card(folder: Path, by: str = "", left_out: Sequence[str] = ()) -> str:
    """The card of a run, finished or not.

    Args:
        folder: of the run.
        by: who publishes it.
        left_out: what is not published with it, a sentence each.

    Raises:
        InputError: the folder holds no run, or its files cannot be read.
        XsbError: the card would say what the report does not.
    """
    return card_of(*read_run(folder), by, left_out)


def card_of(config: Config, samples: Sequence[Sample], by: str = "", left_out: Sequence[str] = ()) -> str:
    """The card of a run that was read; arguments and errors as for `run_card`."""
    report = report_of(config, samples)
    told, facts = headline(config.model, report.overall, config.samples), report.model_dump(mode="json")
    licence = "cc-by-4.0" if OURS.issuperset(config.dataset.split(",")) else "unknown"
    text = results_card(facts, expected=config.answers, headline=told, licence=licence, by=by, left_out=left_out)
    if wrong := problems(text, [facts, config.answers, told, by, left_out], [*FILES, config.dataset]):
        raise XsbError(f"the card of the run would not be true, {wrong[0]}; mend hub_cards/templates/results.md.j2")
    return text
