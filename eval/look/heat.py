"""A turn cut into words of a heat map: what `words` in parts.html.j2 draws."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Protocol

from eval.calls import NATS

LEVELS = 5  # steps of the heat scale
FLOOR = 2.0  # nats that the darkest colour means at least: e**2, about 7 times the odds of a refusal


class Scored(Protocol):
    """Part of a turn with a score: characters from `start` to `end`."""

    @property
    def start(self) -> int:
        """Its first character."""
        ...

    @property
    def end(self) -> int:
        """Behind its last."""
        ...

    @property
    def score(self) -> float:
        """What it adds to refusal; the unit is attribution's."""
        ...


@dataclass(frozen=True)
class Piece:
    """Part of a turn: a word with its score, or text between words. `level` 0 of the heat scale: no colour."""

    text: str
    score: float | None = None
    level: int = 0
    trigger: bool = False
    start: int = 0


def darkest(top: float, unit: str) -> float:
    """The score that has the darkest colour, for `pieces`: the highest one, in nats not below `FLOOR`.

    Without the floor a word that hardly matters is as dark in an answered prompt as the cause of a refusal in another.
    Other units have no floor. 0 or less where no word adds to refusal.
    """
    return max(top, FLOOR) if unit == NATS and top > 0 else top


def pieces(text: str, scored: Sequence[Scored], top: float, triggers: Container[int] = ()) -> list[Piece]:
    """A turn's text, cut.

    Args:
        text: of the turn.
        scored: its words or phrases, in the text's order.
        top: the score of the darkest colour, as `darkest` tells it; 0 or less where none adds to refusal.
        triggers: where those begin that are to blame.
    """
    found, at = [], 0
    for one in scored:
        level = round(LEVELS * max(one.score, 0) / top) if top > 0 else 0
        word = Piece(text[one.start : one.end], one.score, level, one.start in triggers, one.start)
        found += [Piece(text[at : one.start], start=at), word]
        at = one.end
    return [*found, Piece(text[at:], start=at)]
