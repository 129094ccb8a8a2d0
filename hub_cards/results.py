"""The card of a run's folder, from its report."""

from collections.abc import Mapping, Sequence
from typing import Any

from hub_cards.metrics import METRICS
from hub_cards.render import one_line, render

SHARES = ("false_refusal", "unsafe_compliance", "adversarial_compliance", "harmful_compliance", "harmful_adversarial")
OF = {"harmful_adversarial": "harmful_compliance"}  # figures that the card of another metric explains
TITLES = {**{name: METRICS[name].title for name in METRICS}, "harmful_adversarial": "Harmful compliance, suites"}


def results_card(
    report: Mapping[str, Any], *, headline: str, licence: str, by: str = "", left_out: Sequence[str] = ()
) -> str:
    """The card, all of whose numbers are the report's.

    Args:
        report: `report.json` of the run.
        headline: the run in a sentence.
        licence: of its prompts, by its name on the Hub; "unknown" if it is.
        by: who ran it.
        left_out: what is not published, a sentence each.
    """
    first = report["overall"][0]
    base = first["mitigation"]
    shown = [name for name in SHARES if any(row.get(name) and row[name]["scored"] for row in report["overall"])]
    named = list(dict.fromkeys(OF.get(name, name) for name in shown))
    against = [change for change in report["differences"] if change["before"] == base]
    if against:
        named.append("difference")
    if report["agreement"]:
        named.append("judge_agreement")
    facts = {"headline": headline, "licence": licence, "by": by, "left_out": left_out, "shown": shown, "base": base}
    facts |= {"against": against, "titles": TITLES, "metrics": {name: METRICS[name] for name in named}}
    return render("results.md", front=_front(report, licence), **report, **facts)


def _front(report: Mapping[str, Any], licence: str) -> str:
    from huggingface_hub.repocard_data import (
        DatasetCardData,
    )  # its settings are read at import, which a caller may time

    config = report["config"]
    return DatasetCardData(
        pretty_name=one_line(f"xsb results: {config['model']} on {config['dataset']}"),
        license=licence,
        task_categories=["text-generation"],
        tags=["xsb-results", "over-refusal", "evaluation", "arxiv:2510.08158"],
    ).to_yaml()
