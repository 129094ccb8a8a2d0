"""Every command, option and endpoint has bad inputs, and there are many."""

import shlex

from tests.bad_input import on_gateway, on_page
from tests.bad_input.asking import commands
from tests.bad_input.test_commands import ALL


def command_of(line: str) -> str:
    """The longest command that a line begins with."""
    return max((name for name in commands() if f"{line} ".startswith(f"{name} ")), key=len, default="")


def tried() -> dict[str, set[str]]:
    """The options that stand in the bad inputs of each command, and the words that do."""
    found: dict[str, set[str]] = {}
    for bad in ALL:
        words = shlex.split(bad.line)
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        found.setdefault(command_of(bad.line), set()).update(options)
    return found


def test_every_command_and_every_option_has_a_bad_input() -> None:
    known, there = commands(), tried()
    missing = {
        name: sorted(option for option in options - there.get(name, set()) if option.startswith("--"))
        for name, options in known.items()
    }
    assert not {name for name in known if name not in there}
    assert not {name: options for name, options in missing.items() if options}, "add lines to tests/bad_input/on_*.py"


def test_there_are_hundreds_and_each_once() -> None:
    assert len(ALL) >= 400 and len({bad.line for bad in ALL}) == len(ALL)
    assert len(on_gateway.BODIES) + len(on_gateway.PATHS) + len(on_gateway.RAW) >= 100
    assert len(on_page.CALLS) + len(on_page.LENIENT) + len(on_page.RECORDS) + len(on_page.ROUTES) >= 150
