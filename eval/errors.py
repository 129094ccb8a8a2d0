"""Every error that a user can cause, and how to name the nearest known word."""

import sys
from collections.abc import Iterable
from difflib import get_close_matches

from typer import Typer
from typer.exceptions import Abort, TyperException

from eval.visible import encodable, visible
from hub_cards.errors import HubError

SHOWN = 30  # names to choose from, in a message
MOST = 600  # characters of a message on the terminal


class XsbError(Exception):
    """A user's mistake or a missing resource; its text is one line: what was got, what is allowed, what to do.

    Commands print it without a traceback and exit with code 2.
    """


class UnknownName(XsbError):
    """A name that no table holds."""

    def __init__(self, what: str, got: str, known: Iterable[str]) -> None:
        """Name `what` kind of thing `got` should have been, nearest known names first."""
        names = sorted(known)
        near = get_close_matches(got, names, n=2, cutoff=0.5)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        super().__init__(f"unknown {what} {got!r}.{hint} Known: {', '.join(names[:SHOWN])}{more}.")
        self._given = (what, got, names)

    def __reduce__(self) -> tuple[type["UnknownName"], tuple[str, str, list[str]]]:
        """How to make it anew in another process."""
        return UnknownName, self._given


class ModelError(XsbError):
    """A model that cannot be found, loaded, or used as asked."""


class EndpointError(ModelError):
    """Nothing more can be asked for now, whatever the request: a run stops, and goes on when this is mended.

    `passing` tells that it may pass by itself, and that another request may fare better.
    """

    def __init__(self, told: str, passing: bool = False) -> None:
        """One line that says what to do."""
        super().__init__(told)
        self.passing = passing


class BudgetSpent(EndpointError):
    """Another request could exceed the budget."""


class InputError(XsbError):
    """A prompt, file or argument that cannot be used."""


def one_line(text: object, most: int = 200) -> str:
    """Words of others, such as an error's, as a single line of moderate length, to stand in one of ours."""
    return " ".join(str(text).split())[:most]


def run_command(app: Typer) -> None:
    """Run a command line; a user's error becomes one line on stderr and exit code 2."""
    try:
        _check_bytes(sys.argv[1:])
        sys.exit(app(standalone_mode=False) or 0)
    except (XsbError, HubError) as error:
        message = str(error)
    except TyperException as error:
        message = error.format_message()
        if "\n" in message:  # the help text, where a command was called without arguments
            sys.stdout.write(message + "\n")
            sys.exit(2)
    except OSError as error:
        message = f"{error.filename or 'the system'}: {error.strerror or error}"
    except RuntimeError as error:
        if not (message := str(error)).startswith("Symlink loop"):  # what `Path.resolve` says of links in a circle
            raise
    except (Abort, KeyboardInterrupt):
        sys.exit(130)
    sys.stderr.write(f"error: {plain(message)}\n")
    sys.exit(2)


def _check_bytes(arguments: Iterable[str]) -> None:
    """Refuse what could be written nowhere later: Python reads bytes that are no UTF-8 as lone surrogates."""
    for argument in arguments:
        if not encodable(argument):
            raise InputError(f"the argument {argument!r} is no UTF-8; give it, or rename the file, in UTF-8")


def plain(message: str) -> str:
    """One line without what a terminal obeys, such as colours or text from right to left; cut where it is too long."""
    line = visible(message)
    return line if len(line) <= MOST else f"{line[: MOST // 2]} ... {line[-MOST // 2 :]}"
