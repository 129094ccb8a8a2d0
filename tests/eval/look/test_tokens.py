"""The colours can be told apart in greyscale, and so by whoever sees fewer hues; text on them can be read."""

import re
from itertools import pairwise

import pytest

from eval.look import HERE
from eval.look.heat import LEVELS

CSS = (HERE / "tokens.css").read_text(encoding="utf-8")
PAIRS = {name: (light, dark) for name, light, dark in re.findall(r"(--[\w-]+): light-dark\((#\w+), (#\w+)\);", CSS)}
VISIBLE = 3.0  # contrast of what says that something can be changed
READABLE = 4.5  # contrast of small text, WCAG 2.2 AA
APART = 1.15  # of neighbours in the heat scale


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it, 0 for black to 1 for white."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """From 1, alike, to 21, black on white."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def ink(level: int) -> str:
    return "--on12" if level < 3 else f"--on{level}"


@pytest.mark.parametrize("dark", [0, 1], ids=["light", "dark"])
def test_the_heat_scale_goes_one_way_in_greyscale(dark: int) -> None:
    scale = [PAIRS["--raised"][dark], *(PAIRS[f"--h{level}"][dark] for level in range(1, LEVELS + 1))]
    bright = [luminance(colour) for colour in scale]
    assert bright == sorted(bright, reverse=not dark)
    assert min(contrast(one, other) for one, other in pairwise(scale)) > APART


@pytest.mark.parametrize("dark", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("level", range(1, LEVELS + 1))
def test_words_on_the_scale_can_be_read(level: int, dark: int) -> None:
    assert contrast(PAIRS[f"--h{level}"][dark], PAIRS[ink(level)][dark]) >= READABLE


@pytest.mark.parametrize("dark", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["--ink", "--soft", "--refused", "--answered"])
def test_text_can_be_read_on_either_paper(name: str, dark: int) -> None:
    assert min(contrast(PAIRS[name][dark], PAIRS[paper][dark]) for paper in ("--paper", "--raised")) >= READABLE


@pytest.mark.parametrize("dark", [0, 1], ids=["light", "dark"])
def test_fields_can_be_seen_on_either_paper(dark: int) -> None:
    assert min(contrast(PAIRS["--edge"][dark], PAIRS[paper][dark]) for paper in ("--paper", "--raised")) >= VISIBLE
