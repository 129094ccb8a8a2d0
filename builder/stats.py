"""Counts that show whether the records are many, varied and reviewed, per config, type and label."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from statistics import mean

from pydantic import BaseModel

from builder.rules.collection import opening
from builder.rules.finding import tokens
from builder.schema import CONFIGS, config
from eval.record import Record


class Stats(BaseModel):
    """Figures of the records of one config, type and label; texts are their last turns.

    `distinct_2` is the number of different word pairs over that of all word pairs, 0 (one pair again and again) to 1
    (none twice); long texts lower it. `shared_frame` is the longest run of words that stands in two texts or more, and
    `frame_texts` in how many; `common_frame` is the run of three words that stands in most texts, `common_share` in
    what share of them (0 to 1). `begin_alike` is the share (0 to 1) of texts whose first three words begin another one.
    """

    config: str
    type: str
    label: str
    count: int
    mean_words: float
    distinct_2: float
    shared_frame: str
    frame_texts: int
    common_frame: str
    common_share: float
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


def _stats(config: str, name: str, label: str, records: list[Record]) -> Stats:
    texts = [tokens(record.prompt) for record in records]
    frame, holders = longest_shared_frame(texts)
    common, most = commonest_run(texts, 3)
    return Stats(
        config=config,
        type=name,
        label=label,
        count=len(records),
        mean_words=round(mean(float(len(record.prompt.split())) for record in records), 2),
        distinct_2=distinct_2(texts),
        shared_frame=" ".join(frame),
        frame_texts=holders,
        common_frame=" ".join(common),
        common_share=round(most / len(records), 3),
        begin_alike=begin_alike([record.prompt for record in records]),
        topics=dict(Counter(record.topic for record in records).most_common()),
        distinct_focus_words=len({word.casefold() for record in records for word in record.focus}),
        review=dict(Counter(record.review.status for record in records).most_common()),
    )


def distinct_2(texts: Sequence[Sequence[str]]) -> float:
    """The number of different word pairs over that of all: 0 (one pair again and again) to 1 (none twice)."""
    pairs = [pair for text in texts for pair in pairwise(text)]
    return round(len(set(pairs)) / len(pairs), 3) if pairs else 1.0


def begin_alike(prompts: Sequence[str]) -> float:
    """The share (0 to 1) of prompts whose first three words begin another one."""
    openings = Counter(map(opening, prompts))
    return round(sum(n for n in openings.values() if n > 1) / len(prompts), 3)


def longest_shared_frame(texts: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], int]:
    """The longest run of words that stands in at least two texts, and in how many; ties go to the commonest."""
    best: tuple[tuple[str, ...], int] = ((), 0)
    for size in range(1, max(map(len, texts), default=0) + 1):
        run, holders = commonest_run(texts, size)
        if holders < 2:  # a longer run would contain a shared one of this size
            break
        best = run, holders
    return best


def commonest_run(texts: Sequence[Sequence[str]], size: int) -> tuple[tuple[str, ...], int]:
    """The run of `size` words that stands in most texts, and in how many; ties go to the last in the alphabet."""
    runs = ({tuple(text[at : at + size]) for at in range(len(text) - size + 1)} for text in texts)
    holders = Counter(run for distinct in runs for run in distinct)
    return max(holders.items(), key=lambda item: (item[1], item[0]), default=((), 0))
