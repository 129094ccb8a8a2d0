"""How commands end that found problems: each on a line of stdout, how many on stderr, exit code 2."""

from collections.abc import Iterable, Sequence
from typing import NoReturn

import typer

USER_ERROR = 2


def refuse(problems: Sequence[object], also: Iterable[object] = (), ending: str = "") -> NoReturn:
    """Print the problems, then what is to be printed also, and end the command as `end` does."""
    for line in (*problems, *also):
        print(line)
    end(len(problems), ending)


def end(problems: int, ending: str = "") -> NoReturn:
    """End the command with the number of its problems and what comes after that."""
    typer.echo(f"{counted(problems, 'problem')}{ending}", err=True)
    raise typer.Exit(USER_ERROR)


def counted(number: int, noun: str) -> str:
    """A number of things, in words."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
