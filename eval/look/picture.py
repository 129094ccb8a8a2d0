"""A picture of several attribution methods side by side, whose columns are the words of one prompt in reading order.

Each method has a row. A cell's colour is the word's share against the method's largest, so that methods of different
units compare; its number is the share itself.
"""

import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from eval.attribution import Attribution, Feature
from eval.attribution.side_by_side import Comparison
from eval.errors import InputError
from eval.look.wording import VERDICTS, asked, passes, reason
from eval.record import Span

INK, FAINT, PAPER, PALE = "#1f2328", "#6b7075", "#ffffff", "#f4f2ef"
REFUSED, ANSWERED = "#b3261e", "#0b6e75"
# One hue to each side, dark at the ends: readable without red or green, and in grey by the numbers' signs.
COLOURS = LinearSegmentedColormap.from_list("refusal", [ANSWERED, "#8fc4c8", PALE, "#eeaf9f", REFUSED])
SIZES = {"title": 17, "text": 12.5, "label": 11, "number": 9, "small": 9}  # points
# inches
MARGIN = 0.45  # around everything
NAMES, COST = 1.35, 2.35  # what methods' names and costs take beside the words
LINE = 10.5  # of words, at most
ROW, GAP = 0.34, 0.06  # a method's row, and what is free between cells
NARROW = 0.56  # a cell, at least
HEAD, BETWEEN = 0.95, 0.25  # above the words, and between lines of them
LEAST = 9.0  # the picture's width, at least
MOST_WORDS = 150
DOTS = 160  # per inch

Line = tuple[list[Feature], list[float]]


def draw(told: Comparison, focus: Collection[Span], out: Path) -> None:
    """Write the picture; words of `focus` are marked.

    Raises:
        InputError: there are too many words for a picture.
    """
    figure = picture(told, focus)
    with _boxes():
        figure.savefig(out, dpi=DOTS)


def picture(told: Comparison, focus: Collection[Span] = ()) -> Figure:
    """The picture as a figure of matplotlib, which a notebook shows; arguments and errors as for `draw`."""
    features = next(iter(told.found.values())).features
    if len(features) > MOST_WORDS:
        raise InputError(f"a picture holds up to {MOST_WORDS} words, the conversation has {len(features)}")
    lines = [line for _, turn in groupby(features, lambda feature: feature.turn) for line in _lines(list(turn))]
    width = max(LEAST, 2 * MARGIN + NAMES + max(sum(widths) for _, widths in lines) + COST)
    below = "\n".join(fill(note, int(width * 13)) for note in _notes(told, focus))
    block, notes = 0.5 + len(told.found) * ROW, 0.18 * (below.count("\n") + 1)
    height = 2 * MARGIN + HEAD + len(lines) * block + (len(lines) - 1) * BETWEEN + 0.8 + notes
    figure = Figure(figsize=(width, height), facecolor=PAPER)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    _heading(axes, told, width)
    for at, (words, widths) in enumerate(lines):
        _block(axes, told, words, widths, focus, MARGIN + HEAD + at * (block + BETWEEN), costs=at == 0)
    _legend(axes, below, height - MARGIN - notes - 0.45)
    return figure


def _lines(turn: Sequence[Feature]) -> list[Line]:
    """The words of a turn on as few lines as hold them, of about equal length; with their columns' widths."""
    canvas = FigureCanvasAgg(Figure(dpi=72))
    texts = [
        Text(text=_short(word.text), fontsize=SIZES["text"], fontweight="bold", figure=canvas.figure) for word in turn
    ]
    renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]  # matplotlib has not typed it
    with _boxes():
        widths = [max(text.get_window_extent(renderer).width / 72 + 0.22, NARROW) for text in texts]
    fewest = len(_broken(turn, widths, LINE))
    limits = np.linspace(sum(widths) / fewest, LINE, 20)
    return next(lines for limit in limits if len(lines := _broken(turn, widths, float(limit))) == fewest)


@contextmanager
def _boxes() -> Iterator[None]:
    """While open, characters that no font here has are drawn as boxes without a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")
        yield


def _broken(turn: Sequence[Feature], widths: Sequence[float], limit: float) -> list[Line]:
    lines: list[Line] = [([], [])]
    for word, width in zip(turn, widths, strict=True):
        if lines[-1][0] and sum(lines[-1][1]) + width > limit + 1e-6:
            lines.append(([], []))
        lines[-1][0].append(word)
        lines[-1][1].append(width)
    return lines


def _heading(axes: Axes, told: Comparison, width: float) -> None:
    refused = told.verdict.refused
    axes.text(
        MARGIN, MARGIN, f"Which words made {told.model} refuse?" if refused else f"Did {told.model} refuse?",
        fontsize=SIZES["title"], fontweight="bold", color=INK, va="top",
    )  # fmt: skip
    verdict = axes.text(
        MARGIN, MARGIN + 0.5, VERDICTS[told.verdict.label], fontsize=SIZES["label"], fontweight="bold", va="top",
        color={"full_compliance": ANSWERED, "unscored": INK}.get(told.verdict.label, REFUSED),
    )  # fmt: skip
    answer = " ".join(told.response.split())
    room = int((width - 2 * MARGIN) * 9) - len(VERDICTS[told.verdict.label])
    shown = answer if len(answer) <= room else f"{answer[: room - 1]}…"
    axes.annotate(
        f"  {shown}", (1, 0), xycoords=verdict, fontsize=SIZES["label"], color=FAINT, va="bottom", parse_math=False
    )
    if not refused:
        best = next(iter(told.found.values()))
        words = [span.text(told.messages) for span in best.triggers]
        axes.text(MARGIN, MARGIN + 0.78, reason(told.verdict, words), fontsize=SIZES["small"], color=FAINT, va="top")


def _block(
    axes: Axes, told: Comparison, words: Sequence[Feature], widths: Sequence[float], focus: Collection[Span],
    top: float, *, costs: bool,
) -> None:  # fmt: skip
    """A line of words with every method's row below."""
    starts = [MARGIN + NAMES + sum(widths[:i]) for i in range(len(words))]
    if len(told.messages) > 1:
        role = told.messages[words[0].turn].role
        axes.text(starts[0] - 0.12, top + 0.33, role, ha="right", fontsize=SIZES["small"], color=FAINT)
    for word, left, width in zip(words, starts, widths, strict=True):
        marked = any(span.overlaps(word.span) for span in focus)
        axes.text(
            left + (width - GAP) / 2, top + 0.33, _short(word.text), ha="center", va="baseline",
            fontsize=SIZES["text"], color=INK, fontweight="bold" if marked else "normal", parse_math=False,
        )  # fmt: skip
        if marked:
            axes.plot([left + 0.1, left + width - GAP - 0.1], [top + 0.4] * 2, color=INK, linewidth=1.6)
    for row, (method, found) in enumerate(told.found.items()):
        y = top + 0.5 + row * ROW
        axes.text(
            MARGIN + NAMES - 0.12, y + (ROW - GAP) / 2, method.replace("_", " "), ha="right",
            va="center_baseline", fontsize=SIZES["label"], color=INK,
        )  # fmt: skip
        _cells(axes, found, words, starts, widths, y)
        if costs:
            axes.text(
                starts[-1] + widths[-1] + 0.15, y + (ROW - GAP) / 2, _cost(found), va="center", fontsize=SIZES["small"],
                color=FAINT,
            )  # fmt: skip


def _cells(
    axes: Axes, found: Attribution, words: Sequence[Feature], starts: Sequence[float], widths: Sequence[float], y: float
) -> None:
    shares = {feature.span: feature.score for feature in found.features}
    top = max(shares.values())
    scale = top if top > 0 else max(map(abs, shares.values())) or 1.0
    for word, left, width in zip(words, starts, widths, strict=True):
        share = shares[word.span] / scale
        colour = COLOURS(0.5 + max(-1.0, min(1.0, share)) / 2)
        axes.add_patch(Rectangle((left, y), width - GAP, ROW - GAP, facecolor=colour, linewidth=0))
        axes.text(
            left + (width - GAP) / 2, y + (ROW - GAP) / 2, _signed(shares[word.span]),
            ha="center", va="center_baseline", fontsize=SIZES["number"], color=PAPER if abs(share) > 0.6 else INK,
            fontweight="bold" if shares[word.span] == top > 0 else "normal",
        )  # fmt: skip
    for trigger in found.triggers:
        inside = [i for i, word in enumerate(words) if word.span.overlaps(trigger)]
        if len(inside) > 1:
            left, right = starts[inside[0]], starts[inside[-1]] + widths[inside[-1]] - GAP
            box = Rectangle((left, y), right - left, ROW - GAP, fill=False, edgecolor=INK, linewidth=1.6)
            axes.add_patch(box)


def _legend(axes: Axes, below: str, y: float) -> None:
    steps, left = 60, MARGIN + NAMES
    for step in range(steps):
        axes.add_patch(
            Rectangle((left + step * 0.03, y), 0.031, 0.14, facecolor=COLOURS(step / (steps - 1)), linewidth=0)
        )
    axes.text(left - 0.12, y + 0.07, "less refusal", ha="right", va="center", fontsize=SIZES["small"], color=FAINT)
    axes.text(left + steps * 0.03 + 0.12, y + 0.07, "more refusal", va="center", fontsize=SIZES["small"], color=FAINT)
    axes.text(
        MARGIN, y + 0.32, below, va="top", fontsize=SIZES["small"], color=FAINT, linespacing=1.4, parse_math=False
    )


def _cost(found: Attribution) -> str:
    gradients = f" + {passes(found.passes)}" if found.passes else ""
    return f"{asked(found.evaluations, found.target)}{gradients}, {found.seconds:.1f} s"


def _short(word: str) -> str:
    return word if len(word) <= 28 else f"{word[:27]}…"


def _signed(share: float) -> str:
    return f"{share:+.1f}".replace("-", "\u2212") if round(share, 1) else "0"


def _notes(told: Comparison, focus: Collection[Span]) -> list[str]:
    units = ", ".join(sorted({found.unit for found in told.found.values()}))
    phrases = any(p.span in found.triggers for found in told.found.values() for p in found.phrases)
    boxes = " Box: a phrase, whose words refuse together." * phrases
    lines = " Underlined: Focus." * bool(focus)
    scale = (
        f"Colour: a word's share against the largest of its row, in bold. Number: the share ({units}).{boxes}{lines}"
    )
    return [scale, *(f"{name} is not shown: {why}" for name, why in told.missing.items())]
