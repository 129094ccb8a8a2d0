"""The metrics that reports hold: what each means, its range and direction, what it does not say; a card for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from hub_cards.render import render

FILE = Path(__file__).parent / "metrics.yaml"


@dataclass(frozen=True)
class Metric:
    """What a card says of a metric, but for the worked example.

    `fields` are where reports hold it: in `report.json` of a run, in its `samples.jsonl`, in `build_report.json` of the
    dataset, or in `truth.json` of skittish.
    """

    title: str
    fields: list[str]
    definition: str
    range: str
    direction: str
    limits: list[str]


METRICS = {name: Metric(**texts) for name, texts in yaml.safe_load(FILE.read_text(encoding="utf-8"))["metrics"].items()}


def metric_card(name: str, columns: Sequence[str], rows: Sequence[Sequence[str]], steps: Sequence[str]) -> str:
    """The card of one of `METRICS`, with an example.

    Args:
        name: of the metric.
        columns: of the example's table.
        rows: of the example's table.
        steps: from the table to the figure, a sentence each.
    """
    return render("metric.md", name=name, metric=METRICS[name], columns=columns, rows=rows, steps=steps)
