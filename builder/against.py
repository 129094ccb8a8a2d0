"""Near-copies of other benchmarks, which the user supplies as CSV or JSONL files with a prompt column."""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from builder.near import near_duplicates
from builder.source.read import Place, Problem
from eval.errors import InputError
from eval.record import Record

COLUMN = "prompt"
CELL = 10_000_000  # characters; other columns hold long answers


def near_copies(records: Sequence[Record], places: Sequence[Place], file: Path) -> list[Problem]:
    """The records whose prompt is nearly a prompt of `file`: character 5-gram Jaccard similarity above 0.7.

    Raises:
        InputError: the file cannot be used, as `read_prompts` says.
    """
    prompts = read_prompts(file)
    found = near_duplicates([record.prompt for record in records], [text for _, text in prompts])
    return sorted(
        Problem(*places[i], f"{records[i].id}: {similarity:.2f} alike with {file}, line {prompts[j][0]}; write it anew")
        for i, j, similarity in found
    )


def read_prompts(file: Path) -> list[tuple[int, str]]:
    """Line number and text of each prompt.

    Raises:
        InputError: the file cannot be read, is neither CSV nor JSONL, or has a row without a prompt, or no rows.
    """
    if file.suffix.lower() not in TABLES:
        raise InputError(f"{file} is neither .csv nor .jsonl; give a file of one of these kinds")
    try:
        prompts = list(TABLES[file.suffix.lower()](file))
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8") from error
    if not prompts:
        raise InputError(f"{file} holds no prompts; each row needs a text in the column `{COLUMN}`")
    return prompts


def _csv(file: Path) -> Iterator[tuple[int, str]]:
    csv.field_size_limit(CELL)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.reader(lines)
        try:
            head = [name.strip().lower() for name in next(rows, [])]
            if COLUMN not in head:
                got = ", ".join(head) or "none"
                raise InputError(
                    f"{file} has no column `{COLUMN}` (its columns: {got}); rename one, separate by commas"
                )
            at = head.index(COLUMN)
            begin = rows.line_num + 1
            for row in rows:
                if len(row) > at:
                    yield begin, row[at]
                begin = rows.line_num + 1
        except csv.Error as error:
            raise InputError(f"{file}, line {rows.line_num}: no readable CSV ({error})") from error


def _jsonl(file: Path) -> Iterator[tuple[int, str]]:
    with file.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InputError(f"{file}, line {number}: no readable JSON ({error})") from error
            if not isinstance(row, dict) or not isinstance(row.get(COLUMN), str):
                raise InputError(f"{file}, line {number}: no text in `{COLUMN}`; each line is an object with a prompt")
            yield number, row[COLUMN]


TABLES = {".csv": _csv, ".jsonl": _jsonl}
