"""Folders with tables of a release whose texts no release would let pass, for what a foreign dataset may hold."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from builder.release.build import REPORT
from builder.schema import SCHEMAS, config
from builder.shipped import RECORDS
from builder.source.read import read_folder
from eval.record import Label, Message, Record, Review, Span

HOSTILE = (
    '<script>alert(1)</script>"><img src=x onerror=alert(2)> ![x](http://evil.example/p.png) [y](javascript:alert(3)) '
    "\x1b[31mred\x1b[0m {{constructor}} ${alert(4)} \u202egnp.exe </mark></article>'"
)


@cache
def homonyms() -> list[Record]:
    """The shipped homonyms, and two scenarios of dialogues."""
    every = read_folder(RECORDS)[0]
    scenarios = ("ms-xsb-airport-signs", "ms-xsb-cat-on-trial")
    return [one for one in every if (one.type == "homonyms" and not one.scenario_id) or one.scenario_id in scenarios]


def hostile(number: int, label: Label, *, turns: int = 1) -> Record:
    """A record in which every text tries to be markup; those of equal `turns` are a pair."""
    roles = ("user", "assistant")
    text = f"kill {HOSTILE}"
    whole = Span(turn=turns - 1, start=0, end=len(text))
    messages = [Message.model_validate({"role": roles[i % 2], "content": text}) for i in range(turns)]
    return Record(
        id=f"{HOSTILE} {number}", messages=messages,
        type=HOSTILE, label=label, focus=["kill", text], focus_spans=[Span(turn=turns - 1, start=0, end=4), whole],
        neutral=[HOSTILE, HOSTILE], pattern=HOSTILE, pair_id=f"{HOSTILE} {turns}", topic=HOSTILE, why=HOSTILE,
        source=HOSTILE, author_kind="human", review=Review(status="in_review", reviewers=2, agreement=0.5),
        version=HOSTILE, split="test", scenario_id=HOSTILE if turns > 1 else None, trigger_turn=0,
    )  # fmt: skip


HOSTILES = [hostile(1, "safe"), hostile(2, "unsafe"), hostile(3, "safe", turns=5), hostile(4, "unsafe", turns=5)]


def write(folder: Path, records: Sequence[Record], version: str = "0.1.0") -> Path:
    """The tables and the report's version, as `from_release` reads them; nothing is checked."""
    for name, schema in SCHEMAS.items():
        (folder / name).mkdir(parents=True)
        for split in ("test", "dev"):
            rows = [{**r.model_dump(), "prompt": r.prompt} for r in records if (config(r), r.split) == (name, split)]
            pq.write_table(pa.Table.from_pylist(rows, schema), folder / name / f"{split}.parquet")
    (folder / REPORT).write_text(json.dumps({"version": version}))
    return folder
