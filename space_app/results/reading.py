"""A `report.json` that somebody else wrote: read, bounded, and its figures such as counting gives."""

from collections.abc import Iterator
from itertools import chain
from math import isfinite

from pydantic import ValidationError

from eval.errors import InputError
from eval.runs.differences import Difference
from eval.runs.metrics import Metrics
from eval.runs.report import Report
from eval.statistics import Rate

LONGEST = 200  # characters of a name
MOST = {"mitigations": 100, "types": 200}
NEAR = 1e-6


def read_report(content: bytes, limit: int) -> Report:
    """The report, without what the page does not show: outcomes, and differences between two mitigations.

    Args:
        content: of the file.
        limit: of its bytes.

    Raises:
        InputError: it is too long, no report, or has figures that no counting gives.
    """
    if len(content) > limit:
        raise InputError(f"it has more than {limit / 1e6:g} MB; give the report.json of one run")
    try:
        report = Report.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        if first["type"] == "json_invalid":
            raise InputError("it is no JSON; give the report.json of a run") from None
        where = ".".join(map(str, first["loc"]))[:LONGEST] or "the whole"
        raise InputError(f"it is no report of a run: {where}: {first['msg'][:LONGEST]}; give its report.json") from None
    if wrong := next(_problems(report), ""):
        raise InputError(f"it is no report that `xsb-eval` wrote: {wrong}; give the report.json of a run")
    base = report.overall[0].mitigation
    kept = [change for change in report.differences if change.before == base]
    return report.model_copy(update={"differences": kept, "outcomes": []})


def _problems(report: Report) -> Iterator[str]:
    """What is wrong with it, in words."""
    config = report.config
    names = [row.mitigation for row in report.overall]
    yield from _counts({"mitigations": len(names), "types": len(report.by_type)})
    if not names or len(set(names)) < len(names):
        yield "its mitigations are not each there once"
    shown = (config.model, config.dataset, config.split, config.fingerprint, *names, *report.by_type)
    if any(len(text) > LONGEST for text in shown):
        yield f"a name has more than {LONGEST} characters"
    if min(config.records, config.samples, report.samples, report.unscored) < 0:
        yield "a count is below 0"
    for row in chain(report.overall, *report.by_type.values()):
        yield from _figures(row)
    for change in report.differences:
        if not _is_difference(change):
            yield "a difference is none of two shares"


def _counts(found: dict[str, int]) -> Iterator[str]:
    yield from (f"more than {MOST[name]} {name}" for name, count in found.items() if count > MOST[name])


def _figures(row: Metrics) -> Iterator[str]:
    rates = (row.false_refusal, row.unsafe_compliance, row.adversarial_compliance)
    more = (row.harmful_compliance, row.harmful_adversarial)
    for rate in (*rates, *(one for one in more if one)):
        if not _is_rate(rate):
            yield "a share is not that of its counts, or outside its interval"
    if min(row.safe_partial, row.unsafe_partial, row.unscored, row.harm_unscored or 0) < 0:
        yield "a count is below 0"
    if any(not isfinite(value) or value < 0 for value in (row.seconds, row.tokens)):
        yield "seconds or tokens are no amount"


def _is_rate(rate: Rate) -> bool:
    if rate.share is None or rate.low is None or rate.high is None:
        return rate.count == rate.scored == 0 and rate.share is rate.low is rate.high is None
    ordered = 0 <= rate.count <= rate.scored and 0 <= rate.low <= rate.share + NEAR and rate.share <= rate.high + NEAR
    return ordered and rate.high <= 1 + NEAR and rate.scored > 0 and abs(rate.share - rate.count / rate.scored) < NEAR


def _is_difference(change: Difference) -> bool:
    bounds = [value for value in (change.low, change.high) if value is not None]
    return all(-1 - NEAR <= value <= 1 + NEAR for value in (change.difference, *bounds))
