"""How well the harm reader tells the labels of records apart."""

from collections.abc import Sequence
from typing import NamedTuple

from eval.harm.reader import read, threshold
from eval.record import Record
from eval.statistics import Rate, rate


class Row(NamedTuple):
    """Records of one label and type: how many read as harmful, how many cannot be read, and the rest."""

    label: str
    type: str
    harmful: int
    unreadable: int
    harmless: Rate


def measure(records: Sequence[Record]) -> tuple[list[Row], float | None]:
    """A row per label, then per label and type; and the area under the ROC curve, None where there is but one label.

    Raises:
        ModelError: the encoder or the adapter is not installed.
    """
    from sklearn.metrics import roc_auc_score

    asked = [record for record in records if record.label]
    readings = list(zip(asked, read([record.messages for record in asked]), strict=True))
    cut = threshold()
    rows = []
    for by_type in (False, True):
        groups: dict[tuple[str, str], list[tuple[bool, bool]]] = {}
        for record, reading in readings:
            key = (str(record.label), record.type if by_type else "")
            groups.setdefault(key, []).append((bool(reading.unreadable), reading.harm > cut))
        for (label, kind), found in sorted(groups.items()):
            unreadable = sum(one for one, _ in found)
            harmful = sum(high for one, high in found if not one)
            harmless = rate(len(found) - unreadable - harmful, len(found))
            rows.append(Row(label, kind, harmful, unreadable, harmless))
    labels = [record.label == "unsafe" for record in asked]
    auc = float(roc_auc_score(labels, [reading.harm for _, reading in readings])) if len(set(labels)) == 2 else None
    return rows, auc
