"""Counts that show whether the records are many, varied and reviewed, per config, type and label."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import mean

import regex
from pydantic import BaseModel

from builder.rules.collection import opening
from builder.schema import CONFIGS
from eval.record import Record

WORD = regex.compile(r"[\p{L}\p{N}]+(?:['\u2019-][\p{L}\p{N}]+)*")


class Stats(BaseModel):
    """Figures of the records of one config, type and label; texts are their last turns.

    `distinct_2` is the number of different word pairs over that of all word pairs, 0 (one pair again and again) to 1
    (none twice); long texts lower it. `shared_frame` is the longest run of words that stands in two texts or more, and
    `frame_texts` in how many. `begin_alike` is the share (0 to 1) of texts whose first three words begin another one.
    """

    config: str
    type: str
    label: str
    count: int
    mean_words: float
    distinct_2: float
    shared_frame: str
    frame_texts: int
    begin_alike: float
    topics: dict[str, int]
    distinct_focus_words: int
    review: dict[str, int]


def statistics(records: Sequence[Record]) -> list[Stats]:
    """One entry per config, type and label that has records, xsb first."""
    groups = defaultdict(list)
    for record in records:
        groups[config(record), record.type, record.label or "none"].append(record)
    return [
        _stats(*key, members)
        for key, members in sorted(groups.items(), key=lambda item: (CONFIGS.index(item[0][0]), item[0]))
    ]


def config(record: Record) -> str:
    """The config that holds the record: a record with a scenario belongs to ms_xsb."""
    return "xsb" if record.scenario_id is None else "ms_xsb"


def _stats(config: str, name: str, label: str, records: list[Record]) -> Stats:
    texts = [WORD.findall(record.prompt.casefold()) for record in records]
    pairs = [pair for text in texts for pair in pairwise(text)]
    openings = Counter(opening(record) for record in records)
    frame, holders = longest_shared_frame(texts)
    return Stats(
        config=config,
        type=name,
        label=label,
        count=len(records),
        mean_words=round(mean(float(len(record.prompt.split())) for record in records), 2),
        distinct_2=round(len(set(pairs)) / len(pairs), 3) if pairs else 1.0,
        shared_frame=" ".join(frame),
        frame_texts=holders,
        begin_alike=round(sum(n for n in openings.values() if n > 1) / len(records), 3),
        topics=dict(Counter(record.topic for record in records).most_common()),
        distinct_focus_words=len({word.casefold() for record in records for word in record.focus}),
        review=dict(Counter(record.review.status for record in records).most_common()),
    )


def longest_shared_frame(texts: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], int]:
    """The longest run of words that stands in at least two texts, and in how many; ties go to the commonest."""
    best: tuple[tuple[str, ...], int] = ((), 0)
    for size in range(1, max(map(len, texts), default=0) + 1):
        holders = Counter(run for text in texts for run in set(_runs(text, size)))
        shared = [(run, count) for run, count in holders.items() if count > 1]
        if not shared:  # a longer run would contain a shared one of this size
            break
        best = max(shared, key=lambda item: (item[1], item[0]))
    return best


def _runs(text: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    return (tuple(text[at : at + size]) for at in range(len(text) - size + 1))
