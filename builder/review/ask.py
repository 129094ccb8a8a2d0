"""Questions on a terminal, or through a pipe, a line for each answer; texts of others are shown with nothing hidden.

An end of input (Ctrl-D, or the end of the pipe) and Ctrl-C end a `go_through`, and nothing that was decided is lost.
"""

import readline
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TextIO

from rich.console import Console
from rich.prompt import Prompt
from rich.text import Text, TextType

from builder.candidate import Candidate
from eval.visible import visible

NONE = "-"
LINE_END = "\\n"


class Quit(Exception):
    """Whoever answers wants to stop."""


class Skip(Exception):
    """Whoever answers wants to see the next one."""


LEAVE = {"k": "skip", "q": "quit"}


def plain(text: str) -> Text:
    """A text as it stands: no markup in it counts, and what cannot be seen (an escape, say) is written out."""
    return Text(visible(text, keep="\n"))


def choose(console: Console, question: str, answers: Mapping[str, str], default: str | None = None) -> str:
    """The letter of the answer; asks again until it is one of them.

    Args:
        console: to ask on.
        question: what is asked.
        answers: what each letter means.
        default: the letter that Enter stands for.

    Raises:
        Skip: "k" of `LEAVE` is among the answers and was given.
        Quit: the same of "q".
    """
    told = Text(f"{question} ({', '.join(f'{key} {meaning}' for key, meaning in answers.items())})")
    answer = str(
        _Prompt.ask(
            told, console=console, choices=list(answers), show_choices=False, case_sensitive=False,
            default=... if default is None else default,
        )
    )  # fmt: skip
    if answer in LEAVE:
        raise Quit if answer == "q" else Skip
    return answer


class _Prompt(Prompt):
    @classmethod
    def get_input(cls, console: Console, prompt: TextType, password: bool, stream: TextIO | None = None) -> str:
        return _echoed(console, super().get_input(console, prompt, password, stream))


def _echoed(console: Console, answer: str) -> str:
    """The answer, shown where no terminal has shown it while it was typed, so that what is recorded can be read."""
    if not sys.stdin.isatty():
        console.print(plain(answer))
    return answer


def line(console: Console, what: str, present: str = "") -> str:
    r"""A line of text; Enter keeps `present`, which a terminal lets one change in place. An end of line is "\n"."""
    console.print(Text(f"{what} (Enter keeps it)" if present else what), style="bold")
    shown = present.replace("\n", LINE_END)
    readline.set_startup_hook(lambda: readline.insert_text(shown))
    try:
        answer = _echoed(console, input("> ")).strip()
    finally:
        readline.set_startup_hook()
    return present if answer in ("", shown) else answer.replace(LINE_END, "\n")


def listed(console: Console, what: str, present: list[str]) -> list[str]:
    """A list of texts, separated by semicolons; a hyphen is the empty list."""
    answer = line(console, f"{what}, separated by ; or {NONE} for none", "; ".join(present))
    return [] if answer == NONE else [item.strip() for item in answer.split(";") if item.strip()]


def go_through(
    console: Console,
    waiting: Callable[[], Sequence[Candidate]],
    decide: Callable[[Candidate], None],
    limit: int | None = None,
) -> int:
    """How many candidates were decided on before none was left, `limit` were done, or whoever answers left.

    Args:
        console: to ask on.
        waiting: those that are still to be decided on, the next one first; asked anew each time.
        decide: asks about one and saves the decision; may raise what `choose` and `line` raise.
        limit: how many at most.
    """
    done, skipped = 0, set[tuple[str, str]]()
    try:
        while limit is None or done < limit:
            left = [candidate for candidate in waiting() if (candidate.id, candidate.version) not in skipped]
            if not left:
                break
            console.rule(f"{done + 1} of {done + len(left)}")
            try:
                decide(left[0])
                done += 1
            except Skip:
                skipped.add((left[0].id, left[0].version))
    except (Quit, EOFError, KeyboardInterrupt):
        console.print()
    return done
