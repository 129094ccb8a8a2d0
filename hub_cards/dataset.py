"""The card of a release of the dataset, from its build report."""

from collections.abc import Mapping, Sequence
from typing import Any

from hub_cards.render import render

# The Hub's size categories: the number of records below which each is the right one.
SIZES = {
    "n<1K": 1_000, "1K<n<10K": 10_000, "10K<n<100K": 100_000, "100K<n<1M": 1_000_000, "1M<n<10M": 10_000_000,
    "10M<n<100M": 100_000_000,
}  # fmt: skip
CREATORS = {"model": ["machine-generated"], "human": ["other"], "model+human": ["machine-generated", "other"]}


def dataset_card(
    report: Mapping[str, Any], *, columns: Mapping[str, str], where: Mapping[str, Sequence[str]],
    types: Mapping[str, str],
) -> str:  # fmt: skip
    """The card, all of whose numbers are the report's.

    Args:
        report: `build_report.json` of the release.
        columns: what each column of the parquet files holds.
        where: the configs that have it.
        types: what each type of prompt is, as "a word with ...".
    """
    size = next(name for name, bound in SIZES.items() if report["records"] < bound)
    facts = {"columns": columns, "where": where, "types": types}
    return render("dataset.md", front=_front(report, size), **report, **facts)


def _front(report: Mapping[str, Any], size: str) -> str:
    """The front matter; `datasets` takes configs and splits from it, the Hub its search."""
    from huggingface_hub.repocard_data import DatasetCardData  # reads its settings at import

    counts = report["counts"]
    creators = sorted({creator for kind in report["author_kinds"] for creator in CREATORS.get(kind, ["other"])})
    # `datasets` keys its cache of a local folder by the card alone: without `content`, a new release gave old rows.
    configs = [
        {
            "config_name": name,
            "description": f"version {report['version']}, content {report['content'][name]}",
            **({"default": True} if name == next(iter(counts)) else {}),
            "data_files": [{"split": split, "path": f"{name}/{split}.parquet"} for split in counts[name]],
        }
        for name in counts
    ]
    return DatasetCardData(
        pretty_name="XSB",
        license="cc-by-4.0",
        language=["en"],
        multilinguality="monolingual",
        annotations_creators=creators,
        language_creators=list(creators),  # YAML would write the same list as an alias
        source_datasets=["original"],
        task_categories=["text-generation"],
        size_categories=[size],
        tags=["safety", "over-refusal", "exaggerated-safety", "refusal", "benchmark", "evaluation", "arxiv:2510.08158"],
        configs=configs,
    ).to_yaml()
