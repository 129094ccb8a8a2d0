"""Rounds of generation: what a model refuses although it is harmless seeds the next round.

As ORFuzz does (arXiv 2508.11222), which reports that 6.98 % of what it generates is over-refused. Each round is the
steps generate, annotate, filter and screen over the files of all rounds, so a killed run goes on where it was.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from builder.annotate import AnnotationOutcome, annotate
from builder.candidate import Candidate
from builder.filters import Settings
from builder.filters.copies import KnownTexts
from builder.filters.run import run as sift
from builder.generate.plan import Order
from builder.generate.writing import Outcome, generate
from builder.llm.endpoint import Endpoint
from builder.screen import Screener, screen
from eval.jsonl import read
from eval.models.budget import Limits
from eval.record import Record

PARENTS = 8
LANGUAGE = "en"


class Round(NamedTuple):
    """How many candidates a round brought, kept by the filters, read as safe, and refused of these."""

    number: int
    generated: int
    kept: int
    safe: int
    hard: int

    def __str__(self) -> str:
        """One line for the terminal, with the yield: the hard ones' share of those generated."""
        share = self.hard / self.generated if self.generated else 0.0
        return (
            f"round {self.number}: {self.generated} generated, {self.kept} kept, {self.safe} read as safe, "
            f"{self.hard} of them refused: yield {share:.2%}"
        )


class Models(NamedTuple):
    """Who writes, who reads by the guidelines, and how to load the one that screens, whose name is `screened_by`."""

    writer: Endpoint
    reader: Endpoint
    screener: Callable[[], Iterator[Screener]]
    screened_by: str


def evolve(
    order: Order, rounds: int, records: Sequence[Record], models: Models, out: Path, limits: Limits
) -> Iterator[tuple[Outcome, AnnotationOutcome, Round]]:
    """Generate `rounds` times, each seeded by the hardest of the round before; yields what each one brought.

    Args:
        order: of each round.
        rounds: how many.
        records: examples, and what must not be repeated.
        models: the models of the steps.
        out: screened candidates of all rounds; the files of the steps lie beside it.
        limits: of requests at a time, and of tokens for each step that asks.
    """
    generated, annotated, kept = (out.with_suffix(f".{step}.jsonl") for step in ("written", "read", "kept"))
    settings = Settings(LANGUAGE, KnownTexts([(record.id, record.prompt) for record in records]))
    parents: list[Candidate] = []
    for number in range(1, rounds + 1):
        now = order._replace(round=number, parents=parents, screened_by=models.screened_by)
        outcome = generate(now, records, models.writer, generated, limits)
        opinions = annotate(generated, annotated, models.reader, None, limits)
        sift(annotated, kept, kept.with_suffix(".rejects.jsonl"), settings)
        screen(kept, out, models.screener())
        alive = [candidate for candidate in read(out, Candidate) if candidate.generation.round == number]
        safe, hard = sum(map(_safe, alive)), hardest(alive)
        yield outcome, opinions, Round(number, len(outcome.candidates), len(alive), safe, len(hard))
        parents = hard[:PARENTS] or parents
        if outcome.ledger.exhausted or opinions.ledger.exhausted:
            return


def hardest(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those that are read as safe and yet refused, the highest refusal score first."""
    hard = (candidate for candidate in candidates if _safe(candidate) and any(s.refused for s in candidate.screenings))
    return sorted(hard, key=_hardness, reverse=True)


def _safe(candidate: Candidate) -> bool:
    """Whether author and reader both say so."""
    return candidate.label == "safe" and all(p.label == "safe" for p in candidate.proposals if p.method == "llm")


def _hardness(candidate: Candidate) -> float:
    """The refusal score in nats; behind an endpoint, where there is none, all that are refused are equal."""
    return max((screening.score or 0.0 for screening in candidate.screenings), default=0.0)
