"""Where a run's triggers come from: attribution by some method, or the records' Focus."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial

from eval.attribution import LOCAL, METHODS, Attribution, attribute, check_method, default_method
from eval.errors import EndpointError, InputError, ModelError, UnknownName
from eval.judges import Judge, Verdict
from eval.mitigation import needs_trigger
from eval.models.account import current
from eval.models.protocol import Model, OpenWeights
from eval.record import Record
from eval.runs.config import Config
from eval.runs.distributed import Actors

NO_METHOD = "none"  # as a method: nothing needs a trigger
FOCUS = "focus"  # as a method: the words that annotators marked, an oracle


def check_source(method: str | None) -> None:
    """Raise `UnknownName` unless triggers can come from there; None stands for the model's own method."""
    if method not in (None, FOCUS, *METHODS):
        raise UnknownName("method", str(method), (*METHODS, FOCUS))


def trigger_source(model: Model | Actors[OpenWeights], method: str | None, mitigations: Sequence[str]) -> str:
    """The attribution method, by default the model's own, or `focus`; `none` where nothing needs a trigger.

    Raises:
        ModelError: the method needs open weights, and the model gives none.
    """
    if not any(needs_trigger(name) for name in mitigations):
        return NO_METHOD
    if isinstance(model, Actors):
        return method or LOCAL
    chosen = method or default_method(model)
    check_method(model, chosen)
    return chosen


def attributions(
    model: Model, records: Sequence[Record], config: Config, judge: Judge[Verdict]
) -> list[Attribution | None]:
    """An attribution of each record; None where triggers are the records' Focus, or there is none of this record.

    Behind an endpoint as many are under way at once as the account allows requests.

    Args:
        model: that is asked.
        records: with all turns that the model is asked with.
        config: of the run.
        judge: of answers, where the model gives no more than text.
    """
    if config.method not in METHODS:
        return [None] * len(records)
    one = partial(_attribution, model, config=config, judge=judge)
    account = current()
    if isinstance(model, OpenWeights) or account is None:
        return [one(record) for record in records]
    with ThreadPoolExecutor(account.limits.concurrency) as pool:
        jobs = [pool.submit(copy_context().run, one, record) for record in records]
        try:
            return [job.result() for job in jobs]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _attribution(model: Model, record: Record, *, config: Config, judge: Judge[Verdict]) -> Attribution | None:
    """None where this record has no words or does not fit the model: answering it fails in the same way and says so."""
    try:
        return attribute(
            model, record.messages, config.method, seed=config.seed, judge=judge, max_new_tokens=config.max_new_tokens
        )
    except EndpointError:
        raise
    except InputError:
        return None
    except ModelError:
        if isinstance(model, OpenWeights):
            raise
        return None  # the endpoint refuses this request
