"""Conditions on a run's figures, such as `false_refusal > 0.1` or `steer.unsafe_compliance >= 0.02`, for CI."""

import operator
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from eval.errors import InputError, UnknownName
from eval.runs.metrics import Metrics

PATTERN = re.compile(r"\s*(?:(?P<mitigation>[\w+-]+)\.)?(?P<figure>\w+)\s*(?P<than>[<>]=?)\s*(?P<bound>\d*\.?\d+)\s*")
THAN: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
VALUES: dict[str, Callable[[Metrics], float | None]] = {
    "false_refusal": lambda row: row.false_refusal.share,
    "unsafe_compliance": lambda row: row.unsafe_compliance.share,
    "adversarial_compliance": lambda row: row.adversarial_compliance.share,
    "harmful_compliance": lambda row: row.harmful_compliance.share if row.harmful_compliance else None,
    "harmful_adversarial": lambda row: row.harmful_adversarial.share if row.harmful_adversarial else None,
    "unscored": lambda row: float(row.unscored),
    "seconds": lambda row: row.seconds,
    "tokens": lambda row: row.tokens,
}


class Condition(NamedTuple):
    """A figure that is too small or too large; of every mitigation if none is named."""

    text: str
    mitigation: str | None
    figure: str
    than: str
    bound: float


def parse(text: str) -> Condition:
    """Read a condition.

    Raises:
        InputError: it is not `figure > number`.
        UnknownName: there is no such figure.
    """
    match = PATTERN.fullmatch(text)
    if not match:
        raise InputError(f"{text!r} is no condition; write it as false_refusal > 0.1 or steer.unsafe_compliance > 0.02")
    if match["figure"] not in VALUES:
        raise UnknownName("figure", match["figure"], VALUES)
    return Condition(text.strip(), match["mitigation"], match["figure"], match["than"], float(match["bound"]))


def met(conditions: Sequence[Condition], rows: Sequence[Metrics]) -> list[str]:
    """A sentence for each condition that holds, or that nothing was scored for.

    Raises:
        UnknownName: a condition names a mitigation that the run does not have.
    """
    names = [row.mitigation for row in rows]
    found = []
    for condition in conditions:
        if condition.mitigation and condition.mitigation not in names:
            raise UnknownName("mitigation", condition.mitigation, names)
        for row in rows:
            if condition.mitigation in (None, row.mitigation) and (told := _holds(condition, row)):
                found.append(told)
    return found


def _holds(condition: Condition, row: Metrics) -> str:
    value = VALUES[condition.figure](row)
    if value is None:
        return f"{row.mitigation}: {condition.figure} is of no sample, so {condition.text} cannot be denied"
    is_so = THAN[condition.than](value, condition.bound)
    return f"{row.mitigation}: {condition.figure} is {value:.3g} ({condition.text})" if is_so else ""
