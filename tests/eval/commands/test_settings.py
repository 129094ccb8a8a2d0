"""Options from a file: what comes first, what is refused, and the file that is shipped."""

from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
import yaml
from typer.main import get_command

from eval.cli import app
from eval.commands.options import ConfigFile
from eval.commands.settings import SHIPPED
from eval.errors import InputError, XsbError
from eval.mitigation import named
from tests.test_promises import ROOT


def given(*arguments: str) -> dict[str, Any]:
    """What a command of these options is called with."""
    found: dict[str, Any] = {}
    command = typer.Typer()

    @command.command()
    def run(
        out: Path,
        config: ConfigFile = None,
        model: str = "skittish",
        max_new_tokens: Annotated[int, typer.Option(min=1)] = 128,
        temperature: float = 0.0,
        limit: int | None = None,
        dry_run: Annotated[bool, typer.Option("--dry-run")] = False,
    ) -> None:
        found.update(locals())

    command(["out", *arguments], standalone_mode=False)
    return found


def file(folder: Path, text: str) -> str:
    path = folder / "options.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_command_line_comes_first_then_the_file_then_the_default(tmp_path: Path) -> None:
    options = file(tmp_path, "max_new_tokens: 16\ntemperature: 0.5\ndry-run: true\nlimit:\nmodel: [a/b, c]\n")
    found = given("--temperature", "0.7", "--config", options)
    assert (found["max_new_tokens"], found["temperature"], found["limit"]) == (16, 0.7, None)
    assert (found["model"], found["dry_run"], found["out"]) == ("a/b,c", True, Path("out"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("temprature: 1", "Did you mean temperature"),
        ("config: other.yaml", "unknown option in"),
        ("max-new-tokens: 1\nmax_new_tokens: 2", "gives max_new_tokens twice"),
        ("model: {name: a}", "model in .* must be a text, a number, or a list"),
        ("model: [a, [b]]", "must be a text"),
        ("model: []", "must be a text"),
        ("- model", "must hold options such as"),
        ("", "must hold options such as"),
        ("model: [", "is no YAML"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_in_a_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(XsbError, match=message) as error:
        given("--config", file(tmp_path, text))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["max_new_tokens: 0", "max_new_tokens: 1.5", "limit: [1, 2]", "dry_run: perhaps"])
def test_values_are_checked_as_if_they_were_typed(tmp_path: Path, text: str) -> None:
    with pytest.raises(typer.BadParameter) as error:
        given("--config", file(tmp_path, text))
    assert f"'--{text.split(':')[0].replace('_', '-')}'" in error.value.format_message()


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml cannot be read"):
        given("--config", str(tmp_path / "none.yaml"))


def test_the_papers_file_has_four_models_and_its_mitigations() -> None:
    content = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    assert SHIPPED == ROOT / "eval" / "paper.yaml"
    assert len(content["model"]) == 4 and all("Llama" in name and "Instruct" in name for name in content["model"])
    assert content["mitigations"] == ["none", "ignore_word", "rephrase", "steer"]
    assert [len(named(name)) for name in content["mitigations"]] == [0, 1, 1, 1]
    options = {parameter.name for parameter in get_command(app).commands["run"].params}  # type: ignore[attr-defined]
    assert set(content) <= options
