"""The build report: everything that the card says in numbers, computed from records, readings and measurements."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import pyarrow as pa

from builder.guidelines import meaning
from builder.review.agreement import agreement, conflicts
from builder.review.reading import Reviews, about, by_record, first_versions, readings_of
from builder.schema import COLUMNS, CONFIGS, SCHEMAS, SOURCES, config
from builder.versions import highest
from eval.errors import InputError
from eval.record import LABELS, TYPES, Record, digest
from eval.twins import Twins, neutral_twin
from hub_cards.dataset import dataset_card

CANARY = "XSB benchmark data must not be in training corpora. Canary GUID xsb:6f0c1b52-9d5e-4c83-a7b1-2e84d0f3975a"
Rows = Mapping[str, Mapping[str, Sequence[Record]]]


def build_report(rows: Rows, hashes: Mapping[str, str], reviews: Reviews, twins: Twins | None) -> dict[str, Any]:
    """The report as JSON values.

    Args:
        rows: the records by config and split.
        hashes: SHA-256 of each file by its path in the release.
        reviews: readings, and what was changed because of them.
        twins: what a model does to records and their neutral twins; rows of other texts are left out.

    Raises:
        InputError: nobody has said what licence a source has.
    """
    every = [record for splits in rows.values() for records in splits.values() for record in records]
    reviews = about(every, reviews)
    first = first_versions(every, reviews)
    shelf = by_record(reviews.readings)
    still = conflicts(every, shelf)
    of_these_texts = sum(len(readings_of(record, shelf)) for record in every)
    earlier = sum(r.trigger_turn is not None and r.trigger_turn < len(r.messages) - 1 for r in every)
    return {
        "version": highest(every),
        "records": len(every),
        "scenarios": len({record.scenario_id for record in every} - {None}),
        "counts": {c: {split: _by_type(records) for split, records in splits.items()} for c, splits in rows.items()},
        "totals": {c: {split: _labels(records) for split, records in splits.items()} for c, splits in rows.items()},
        "trigger_in_earlier_turn": earlier,
        "sources": _sources(every),
        "example": _example(rows),
        "review": {
            "reviewed_by_humans": sum(record.review.reviewers > 0 for record in every),
            "status": _sorted(record.review.status for record in every),
        },
        "author_kinds": _sorted(record.author_kind for record in every),
        "readings": {
            "count": len(reviews.readings),
            "of_these_texts": of_these_texts,
            "author_kinds": _sorted(reading.author_kind for reading in reviews.readings),
            "first": [row.model_dump() for row in agreement(first, shelf)],
            "current": [row.model_dump() for row in agreement(every, shelf)],
            "open": {"records": len(still), "fields": _sorted(field for c in still for field in c.fields)},
        },
        "resolved": {
            "records": len({item.record.id for item in reviews.replaced}),
            "outcomes": _sorted(item.outcome for item in reviews.replaced),
            "fields": _sorted(field for item in reviews.replaced for field in item.fields),
        },
        "twins": twins and _twins(every, twins),
        "canary": CANARY,
        "sha256": dict(hashes),
        "content": {name: _content(hashes, name) for name in SCHEMAS},
        "pyarrow": pa.__version__,
    }


def card(report: Mapping[str, Any]) -> str:
    """The dataset card, all of whose numbers are the report's; the same report gives the same card."""
    where = {name: [config for config in SCHEMAS if name in SCHEMAS[config].names] for name in COLUMNS}
    return dataset_card(report, columns=COLUMNS, where=where, types={name: meaning(name) for name in TYPES})


def _content(hashes: Mapping[str, str], config: str) -> str:
    """Sixteen hexadecimal digits that change with any byte of the config's files."""
    files = [f"{path} {digest}" for path, digest in sorted(hashes.items()) if path.startswith(f"{config}/")]
    return sha256("\n".join(files).encode()).hexdigest()[:16]


def _twins(records: Sequence[Record], twins: Twins) -> dict[str, Any]:
    """Per config and type: safe records measured, refused, and those of them that are answered as neutral twins."""
    measured = {(row.id, row.digest, row.twin_digest): row for row in twins.rows}
    groups: dict[tuple[str, str], list[tuple[bool, bool]]] = defaultdict(list)
    for record in records:
        if len(record.neutral) != len(record.focus):
            continue
        row = measured.get((record.id, digest(record.messages), digest(neutral_twin(record))))
        if row is not None:
            groups[config(record), record.type].append((row.refused, row.refused and not row.twin_refused))
    ordered = sorted(groups.items(), key=lambda item: (CONFIGS.index(item[0][0]), item[0][1]))
    together = {c: [row for key, group in ordered if c in ("all", key[0]) for row in group] for c in (*CONFIGS, "all")}
    return {
        "model": twins.model,
        "facts": twins.facts,
        "judge": twins.judge,
        "max_new_tokens": twins.max_new_tokens,
        "table": [{"config": c, "type": t, **_freed(group)} for (c, t), group in ordered],
        "totals": {name: _freed(group) for name, group in together.items() if group},
    }


def _freed(rows: Sequence[tuple[bool, bool]]) -> dict[str, Any]:
    """Of safe records, each refused or not, and freed or not; the share freed is of those refused."""
    refused, freed = (sum(row[at] for row in rows) for at in (0, 1))
    return {
        "measured": len(rows), "refused": refused, "freed": freed, "freed_share": freed / refused if refused else None,
    }  # fmt: skip


def _sources(records: Sequence[Record]) -> dict[str, dict[str, Any]]:
    """Of each source, how many records are of it, who wrote them, its licence and where it comes from."""
    found = {}
    for name in sorted({record.source for record in records}):
        if name not in SOURCES:
            raise InputError(f"the source {name!r} has no licence yet; name it in SOURCES of builder/schema.py")
        own = [record.author_kind for record in records if record.source == name]
        found[name] = {"records": len(own), "author_kinds": _sorted(own), **SOURCES[name]}
    return found


def _example(rows: Rows) -> list[dict[str, Any]]:
    """A safe and an unsafe record of one pair, the shortest pair of dev (or, without a pair, two records)."""
    dev = sorted((record for record in rows["xsb"]["dev"] if record.pair_id), key=lambda record: record.id)
    pairs = [
        (safe, unsafe) for safe in dev for unsafe in dev
        if (safe.label, unsafe.label) == ("safe", "unsafe") and safe.pair_id == unsafe.pair_id
    ]  # fmt: skip
    shown = min(pairs, key=lambda pair: len(pair[0].prompt) + len(pair[1].prompt), default=rows["xsb"]["dev"][:2])
    fields = {"id", "type", "label", "focus", "neutral", "pair_id", "why"}
    return [{**record.model_dump(include=fields), "prompt": record.prompt} for record in shown]


def _by_type(records: Sequence[Record]) -> dict[str, dict[str, int]]:
    counts = Counter((record.type, record.label) for record in records)
    return {name: {label: counts[name, label] for label in LABELS} for name in sorted({r.type for r in records})}


def _labels(records: Sequence[Record]) -> dict[str, int]:
    return {label: sum(record.label == label for record in records) for label in LABELS}


def _sorted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))
