"""Blind readings of candidates, put on the shelf of the records' reviews once the candidates are records."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from builder.candidate import Candidate
from builder.review.opinion import Opinion, last_ones, wanted
from builder.review.reading import Decision, Reading, read_reviews
from eval.jsonl import append
from eval.record import Record, digest

OF_READING = set(Reading.model_fields) - {"id", "decision", "comment"}


def readings(record: Record, version: str, candidate: Candidate, opinions: Sequence[Opinion]) -> list[Reading]:
    """Each reviewer's first blind reading of the record's text; none by those who read another text.

    The decision is about the record: who wanted the version that it was made of accepts it, also as its editor; who
    wanted another version has edited it, who wanted none has rejected it.

    Args:
        record: what the candidate became.
        version: of the candidate, that it was made of.
        candidate: as it came.
        opinions: all on the candidate, in the order of their dates.
    """
    text, first = digest(record.messages), dict[str, Opinion]()
    for opinion in opinions:
        if opinion.digest == text:
            first.setdefault(opinion.reader, opinion)
    last = {opinion.reader: opinion for opinion in last_ones(opinions)}
    found = []
    for reader, opinion in first.items():
        wish = wanted(last[reader], candidate)
        decision: Decision = "accept" if wish == version else "reject" if wish is None else "edit"
        facts = opinion.model_dump(include=OF_READING)
        found.append(Reading(id=record.id, decision=decision, comment=last[reader].comment, **facts))
    return found


def shelve(folder: Path, found: Sequence[Reading]) -> int:
    """Append the readings to their readers' files, each once however often it is called; how many were new.

    Raises:
        InputError: a line of the folder is no reading.
    """
    there = read_reviews(folder).readings if folder.is_dir() else []
    known = {_key(reading) for reading in there}
    new: Mapping[str, list[Reading]] = defaultdict(list)
    for reading in found:
        if _key(reading) not in known:
            new[reading.reader].append(reading)
    for reader, rows in new.items():
        append(folder / f"{reader}.jsonl", rows)
    return sum(len(rows) for rows in new.values())


def _key(reading: Reading) -> tuple[str, str, str]:
    return reading.id, reading.digest, reading.reader
