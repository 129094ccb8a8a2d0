"""Answers of a harness's log given again, as by a model of ours."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.load import load_records, stratified
from eval.models import Reply
from eval.record import Conversation, Record, digest
from eval.runs.options import Options
from eval.runs.run import run
from eval.runs.sample import Sample

UNKNOWN = {"seconds", "tokens"}  # which a harness may not tell, or tell otherwise


class Replayed:
    """A model that answers as the samples say."""

    name = "replayed"
    facts: dict[str, str] = {}  # noqa: RUF012  # a protocol's attribute

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.known = {digest(sample.sent): sample.response for sample in samples}

    def generate(self, conversations: Sequence[Conversation], *_: Any, **__: Any) -> list[Reply]:
        return [Reply(text=self.known[digest(asked)], tokens=0, seconds=0.0) for asked in conversations]


def run_again(samples: Sequence[Sample], records: Sequence[Record], out: Path, tokens: int) -> list[Sample]:
    """A run of ours on these records, in which the model answers as in the samples."""
    return run(Replayed(samples), records, out, Options(dataset="d", max_new_tokens=tokens))


def first(dataset: str, count: int) -> list[Record]:
    """The records of `xsb-eval run --limit`."""
    return stratified(load_records(dataset), count)


def alike(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """What of samples does not depend on who ran them."""
    return [sample.model_dump(exclude=UNKNOWN) for sample in samples]
