"""Commands on records: check them, count them, see how far readers agree, release them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from builder.against import TABLES, near_copies
from builder.candidate import Candidate
from builder.commands.refusing import counted, refuse
from builder.commands.tables import make_table, print_table
from builder.release.build import release as write_release
from builder.review.agreement import Agreement, agreement, conflicts
from builder.review.opinion import as_record, current, read_opinions, texts_read
from builder.review.reading import ByRecord, by_record, read_reviews, readings_of
from builder.shipped import RECORDS, REVIEWS, TWINS
from builder.source.read import Place, Problem, read_places
from builder.stats import statistics
from builder.validate import validate as find_problems
from eval.errors import InputError
from eval.jsonl import read
from eval.record import Record
from eval.twins import Twins
from eval.visible import visible

Paths = Annotated[list[Path] | None, typer.Argument(help="Folders or YAML files.", show_default="the shipped records")]
Folder = Annotated[Path, typer.Option("--records", help="Folder of the records.", show_default="the shipped records")]
Reviewed = Annotated[Path, typer.Option("--reviews", help="Folder of the readings.", show_default="the shipped ones")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def validate(
    paths: Paths = None,
    against: Annotated[list[Path] | None, typer.Option(help="CSV or JSONL files whose prompts must not recur.")] = None,
) -> None:
    """Check the records against every rule; print each problem as file:line: message."""
    # `--against a.csv b.csv` is what people write, though an option takes but one value.
    others = [*(against or []), *(path for path in paths or [] if against and path.suffix.lower() in TABLES)]
    records, places, problems = _checked([path for path in paths or [] if path not in others] or [RECORDS])
    for file in others:
        problems += near_copies(records, places, file)
    if problems:
        refuse(problems)
    pairs = {record.pair_id for record in records} - {None}
    scenarios = {record.scenario_id for record in records} - {None}
    dialogues = sum(record.scenario_id is not None for record in records)
    print(
        f"{len(records)} records: {len(records) - dialogues} prompts, {dialogues} dialogues in {len(scenarios)} "
        f"scenarios, {len(pairs)} pair groups, no problems"
    )


def stats(records_folder: Folder = RECORDS, as_json: AsJson = False) -> None:
    """Show per config, type and label how many records there are, how varied they are and who reviewed them."""
    records = read_records(records_folder)
    rows = statistics(records)
    if as_json:
        print(json.dumps([row.model_dump() for row in rows], indent=2, ensure_ascii=False))
        return
    left = ("config", "type", "label", "longest shared frame", "commonest", "review")
    right = ("count", "words", "distinct-2", "alike", "topics", "focus words")
    table = make_table(f"{len(records)} records", left, right)
    for row in rows:
        longest = f'{row.frame_texts} x "{row.shared_frame}"'
        commonest = f'{row.common_share:.0%} "{row.common_frame}"'
        review = ", ".join(f"{status} {count}" for status, count in row.review.items())
        numbers = (str(row.count), f"{row.mean_words:.1f}", f"{row.distinct_2:.3f}", f"{row.begin_alike:.0%}")
        vocabulary = (str(len(row.topics)), str(row.distinct_focus_words))
        table.add_row(row.config, row.type, row.label, longest, commonest, review, *numbers, *vocabulary)
    print_table(table)


def show_agreement(
    candidates: Annotated[
        Path | None, typer.Argument(help="Candidates under review, JSON Lines.", show_default="none: the records")
    ] = None,
    records_folder: Folder = RECORDS,
    reviews: Reviewed = REVIEWS,
    as_json: AsJson = False,
) -> None:
    """Show how far readers agree per field and type, and every record, or candidate, on which they do not."""
    texts, now, readings = _under_review(candidates, reviews) if candidates else _reviewed(records_folder, reviews)
    if not any(readings_of(record, readings) for record in texts):
        what = "candidates" if candidates else "records"
        raise InputError(f"{reviews} holds no readings of these {what}, or only of texts that have changed since")
    rows, open_ones = agreement(texts, readings), conflicts(now, readings)
    if as_json:
        found = {"agreement": [r.model_dump() for r in rows], "conflicts": [c.model_dump() for c in open_ones]}
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    if not rows:
        print("no text was read by two, so there is nothing to compare yet")
    figures = [name for name in Agreement.model_fields if name not in ("config", "type")]
    table = make_table("agreement of readers", ("config", "type"), [name.replace("_", " ") for name in figures])
    for row in rows:
        values = [getattr(row, name) for name in figures]
        table.add_row(row.config, row.type, *("-" if value is None else str(value) for value in values))
    if rows:
        print_table(table)
    for conflict in open_ones:
        print(visible(f"{conflict.record.id}: {', '.join(conflict.fields)}: {conflict.record.prompt}", keep="\n"))
        for opinion in conflict.opinions():
            print(visible(f"    {opinion}", keep="\n"))
    print(counted(len(open_ones), "conflict"))


def release(
    out: Annotated[Path, typer.Option("--out", help="Folder of the release, for example xsb.")],
    records_folder: Folder = RECORDS,
    reviews: Reviewed = REVIEWS,
    twins: Annotated[Path, typer.Option(help="File of xsb-eval twins.", show_default="the shipped one")] = TWINS,
) -> None:
    """Write parquet files, card, Croissant metadata and build report; refused while a record has a problem."""
    records, _, problems = _checked([records_folder])
    if problems:
        refuse(problems)
    write_release(records, out, read_reviews(reviews), _read_twins(twins))
    print(f"{len(records)} records written to {out}")


def _reviewed(folder: Path, reviews: Path) -> tuple[list[Record], list[Record], ByRecord]:
    """The records, twice, and all readings."""
    records = read_records(folder)
    return records, records, by_record(read_reviews(reviews).readings)


def _under_review(file: Path, reviews: Path) -> tuple[list[Record], list[Record], ByRecord]:
    """The texts of candidates that were read, the texts as they are now, and all readings."""
    if reviews == REVIEWS:
        raise InputError("say with --reviews in which folder the files of the candidates' reviewers lie")
    candidates, opinions = list(read(file, Candidate)), read_opinions(reviews)
    present = [current(candidate, opinions.of.get(candidate.id, ())) for candidate in candidates]
    return texts_read(candidates, opinions), [r for c in present if (r := as_record(c))], opinions.of


def read_records(folder: Path) -> list[Record]:
    """The records of a folder; refused while one cannot be read."""
    records, _, problems = read_places(folder)
    if problems:
        refuse(problems)
    return records


def _checked(paths: Sequence[Path]) -> tuple[list[Record], list[Place], list[Problem]]:
    records: list[Record] = []
    places: list[Place] = []
    problems: list[Problem] = []
    for path in {path.resolve(): path for path in paths}.values():
        read, at, wrong = read_places(path)
        records += read
        places += at
        problems += wrong
    torn = {problem.file for problem in problems}
    return records, places, sorted(problems + find_problems(records, places, torn))


def _read_twins(file: Path) -> Twins:
    try:
        return Twins.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise InputError(f"{file} is not what xsb-eval twins writes ({error.errors()[0]['msg']})") from error
