"""The card of a run's folder, from its report, and that of the repository that holds many."""

from collections.abc import Mapping, Sequence
from typing import Any

from hub_cards.metrics import METRICS
from hub_cards.render import one_line, render

SHARES = ("false_refusal", "unsafe_compliance", "adversarial_compliance", "harmful_compliance", "harmful_adversarial")
VERDICTS = ("compliance", "partial_refusal", "full_refusal")
OF = {"harmful_adversarial": "harmful_compliance"}  # figures that the card of another metric explains
TITLES = {**{name: METRICS[name].title for name in METRICS}, "harmful_adversarial": "Harmful compliance, suites"}


def results_card(
    report: Mapping[str, Any], *, expected: int, headline: str, licence: str, by: str = "", left_out: Sequence[str] = ()
) -> str:
    """The card, all of whose numbers are the report's.

    Args:
        report: `report.json` of the run.
        expected: how many answers the whole run has.
        headline: the run in a sentence.
        licence: of its prompts, by its name on the Hub; "unknown" if it is.
        by: who publishes it.
        left_out: what is not published, a sentence each.
    """
    base = report["overall"][0]["mitigation"]
    shown = [name for name in SHARES if any(row.get(name) and row[name]["scored"] for row in report["overall"])]
    labels = sorted((row for row in report["outcomes"] if row["by"] == "label"), key=lambda row: str(row["value"]))
    against = [change for change in report["differences"] if change["before"] == base]
    explained = [*VERDICTS, *shown, *(["difference"] if against else [])]
    explained += ["judge_agreement"] if report["agreement"] else []
    metrics = {name: METRICS[name] for name in dict.fromkeys(OF.get(name, name) for name in explained)}
    facts = {
        "expected": expected, "headline": headline, "licence": licence, "by": by, "left_out": left_out, "base": base,
        "shown": shown, "labels": labels, "types": _types(report, base), "against": against, "titles": TITLES,
    }  # fmt: skip
    return render("results.md", front=_front(report, licence), metrics=metrics, **report, **facts)


def collection_card(repo: str) -> str:
    """The card of a repository of results, by its name there: the frame, which holds no figures."""
    return render("collection.md", repo=repo)


def _types(report: Mapping[str, Any], base: str) -> dict[str, Any]:
    """The figures of each type under `base`; types without labels have none."""
    return {
        name: row for name, rows in report["by_type"].items() for row in rows
        if row["mitigation"] == base and (row["false_refusal"]["scored"] or row["unsafe_compliance"]["scored"])
    }  # fmt: skip


def _front(report: Mapping[str, Any], licence: str) -> str:
    from huggingface_hub.repocard_data import DatasetCardData  # reads its settings at import

    config = report["config"]
    return DatasetCardData(
        pretty_name=one_line(f"xsb results: {config['model']} on {config['dataset']}"),
        license=licence,
        task_categories=["text-generation"],
        tags=["xsb-results", "over-refusal", "evaluation", "arxiv:2510.08158"],
    ).to_yaml()
