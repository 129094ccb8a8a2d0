"""A run's report: `report.json` with the figures, and `report.html` with the figures and every sample behind them.

The page is one file that makes no request. Its figures are those of `eval.runs.metrics`. It does not compare runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

from eval.calls import NATS, RATE
from eval.errors import InputError
from eval.judges.between import Between
from eval.look import Templates, spoken
from eval.look.heat import Piece, darkest, pieces
from eval.look.wording import reason
from eval.runs.config import Config
from eval.runs.differences import Difference, differences
from eval.runs.metrics import Metrics, Outcomes, by_type, metrics, outcomes
from eval.runs.notes import agreements, notes
from eval.runs.sample import Sample, numbered, read_samples, replace_file
from eval.runs.tradeoff import curves, points
from eval.statistics import Rate


class Report(BaseModel):
    """`report.json`. `samples` and `unscored` count all mitigations together; `by_type` is keyed by type.

    `notes` are what a reader must know, `agreement` is of every two judges, where there are several.
    """

    config: Config
    samples: int
    unscored: int
    overall: list[Metrics]
    by_type: dict[str, list[Metrics]]
    outcomes: list[Outcomes]
    differences: list[Difference]
    notes: list[str] = []
    agreement: list[Between] = []


@dataclass(frozen=True)
class Turn:
    """A turn cut into pieces; `nats` is the sum of its words' scores."""

    role: str
    pieces: list[Piece]
    nats: float


@dataclass(frozen=True)
class Card:
    """A record: its sample without mitigation, with the words to blame (`top`: highest score), and the mitigated.

    `again` are further answers without mitigation.
    """

    base: Sample
    again: list[Sample]
    mitigated: list[Sample]
    reason: str
    turns: list[Turn]
    top: float


def write_report(folder: Path) -> Path:
    """Write `report.json` and `report.html` of a run, finished or not, and return the path of the page.

    Raises:
        InputError: the folder holds no run, or its files cannot be read.
    """
    config, samples = read_run(folder)
    report = report_of(config, samples)
    page = _page(report, samples)
    replace_file(folder / "report.json", report.model_dump_json(indent=2) + "\n")
    replace_file(folder / "report.html", page)
    return folder / "report.html"


def report_of(config: Config, samples: Sequence[Sample]) -> Report:
    """The figures of a run."""
    unscored = sum(not sample.scored for sample in samples)
    return Report(
        config=config, samples=len(samples), unscored=unscored, overall=metrics(samples), by_type=by_type(samples),
        outcomes=outcomes(samples), differences=differences(samples), notes=notes(samples, config.judges),
        agreement=agreements(samples),
    )  # fmt: skip


def read_run(folder: Path) -> tuple[Config, list[Sample]]:
    """What was run in a folder and what came out, finished or not; errors as for `write_report`."""
    try:
        config = Config.model_validate_json((folder / "config.json").read_text(encoding="utf-8"))
        samples = read_samples(folder / "samples.jsonl")
    except FileNotFoundError as error:
        raise InputError(f"{folder} has no {Path(error.filename).name}, so no run; `xsb-eval run` makes one") from error
    except ValidationError as error:
        raise InputError(f"the {error.title} in {folder} is broken; the same `xsb-eval run` mends it") from error
    if not samples:
        raise InputError(f"the run in {folder} has no samples yet; the same `xsb-eval run` goes on with it")
    return config, samples


def headline(model: str, rows: Sequence[Metrics], samples: int = 1) -> str:
    """The run in a sentence or two; of mitigations, that with fewest false refusals, then least unsafe compliance.

    With several samples per record, answers are counted.
    """

    def told(rate: Rate, kind: str) -> str:
        return f"{_of(rate)} {kind} prompts" if samples == 1 else f"{kind} prompts in {_of(rate)} answers"

    none, *others = rows
    before, unsafe = none.false_refusal, none.unsafe_compliance
    if not before.scored:
        return f"{model} answered {told(unsafe, 'unsafe')}." if unsafe.scored else "Nothing was scored."
    partly = f", {none.safe_partial} of them in part" if none.safe_partial else ""
    first = f"{model} refused {told(before, 'harmless')}{partly}."
    tried = [row for row in others if row.false_refusal.scored]
    if not tried:
        return first
    best = min(tried, key=lambda row: (row.false_refusal.share, row.unsafe_compliance.share or 0))
    name, several = spoken(best.mitigation), len(tried) > 1
    if (best.false_refusal.share or 0) >= (before.share or 0):
        return f"{first} {'No mitigation lowered' if several else f'{name} did not lower'} that."
    lowered = f"Of {len(tried)} mitigations, {name} lowered that most," if several else f"{name} brought that"
    second = f"{lowered} to {_of(best.false_refusal, before)}"
    if unsafe.scored and best.unsafe_compliance.scored:
        second += f", and unsafe compliance went from {_of(unsafe)} to {_of(best.unsafe_compliance, unsafe)}"
    return f"{first} {second}."


def cards(samples: Sequence[Sample], method: str = "") -> list[Card]:
    """One card per record, in order of appearance; a repeated record id makes a card of its own.

    `method` is the run's, which its colours depend on: samples of `black_box` don't say whether their scores are nats.
    """
    unit = RATE if method == "black_box" else NATS
    groups: dict[tuple[str, int], list[Sample]] = {}
    for key, sample in numbered(samples):
        groups.setdefault(key, []).append(sample)
    return [_card(base, others, unit) for base, *others in groups.values()]


def _card(base: Sample, others: list[Sample], unit: str) -> Card:
    top = max((feature.score for feature in base.features), default=0.0)
    named, turns = {*base.triggers, *(word for phrase in base.triggers for word in phrase.split())}, []
    for at, message in enumerate(base.sent):
        features = sorted((f for f in base.features if f.turn == at), key=lambda f: f.start)
        triggers = {f.start for f in features if f.text in named and f.score >= top / 2}
        cut = pieces(message.content, features, darkest(top, unit), triggers)
        turns.append(Turn(message.role, cut, sum(f.score for f in features)))
    again = [sample for sample in others if sample.mitigation == base.mitigation]
    return Card(base, again, others[len(again) :], _reason(base), turns, top)


def _reason(base: Sample) -> str:
    """Why it refused; without attribution, triggers are the record's Focus."""
    if base.features:
        return reason(base.verdict, base.triggers)
    quoted = " and ".join(f'"{word}"' for word in dict.fromkeys(base.triggers))
    return f"Words marked by annotators: {quoted}." if quoted else ""


def _of(rate: Rate, before: Rate | None = None) -> str:
    return str(rate.count) if before and rate.scored == before.scored else f"{rate.count} of {rate.scored}"


PAGES = Templates(Path(__file__).parent)


def _page(report: Report, samples: Sequence[Sample]) -> str:
    """The page; nothing of the data reaches it unescaped or invisible."""
    line = headline(report.config.model, report.overall, report.config.samples)
    base = report.overall[0].mitigation
    against = {(change.figure, change.after): change for change in report.differences if change.before == base}
    given = {"report": report, "headline": line, "cards": cards(samples, report.config.method), "against": against}
    found = points(report.overall)
    given |= {"points": found, "curves": curves(found)}
    return PAGES.render("report.html.j2", **given)
