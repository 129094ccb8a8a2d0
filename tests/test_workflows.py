"""The weekly watch on GitHub Actions, and its page: commands exist, with these options, and paths fit together."""

import re
import shlex
from pathlib import Path
from typing import Any

import typer
import yaml
from typer.main import get_command

from builder import cli as builder_cli
from eval import cli as eval_cli
from eval.commands.watch import GOING_ON
from eval.commands.watched import read_entries
from eval.runs.conditions import parse
from tests.test_promises import ROOT

FOLDER = ROOT / ".github" / "workflows"
COMMANDS: dict[str, typer.Typer] = {"xsb-eval": eval_cli.app, "xsb-build": builder_cli.app}


def workflow(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return found


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in workflow(name)["jobs"].values() for step in job["steps"]]


def ours(name: str) -> list[list[str]]:
    """The words of each of our commands that a workflow runs."""
    parts = [part for step in steps(name) for line in step.get("run", "").splitlines() for part in line.split("&&")]
    return [words for part in parts if (words := shlex.split(part, comments=True)) and words[0] in COMMANDS]


def parameters(words: list[str]) -> dict[str, Any]:
    """The options of a command, by how they are written."""
    command: Any = get_command(COMMANDS[words[0]])
    found = command.commands[words[1]].params
    return {written: parameter for parameter in found for written in parameter.opts if written.startswith("-")}


def test_commands_exist_with_these_options() -> None:
    assert [words[:2] for words in ours("watch.yml")] == [["xsb-build", "release"], ["xsb-eval", "watch"]]
    for words in ours("watch.yml"):
        given = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert given <= set(parameters(words)), words


def test_the_watch_watches_and_its_file_can_be_read() -> None:
    release, (_, command, *options) = ours("watch.yml")
    assert release == ["xsb-build", "release", "--out", "xsb"]
    assert command == "watch"
    given = dict(zip(options[::2], options[1::2], strict=True))
    parse(given["--fail-if"])
    known = {parameter.name for parameter in parameters(["xsb-eval", "run"]).values()}
    out, entries = read_entries(ROOT / given["--config"], known)
    assert [entry.name for entry in entries] == ["skittish"]
    assert entries[0].options["dataset"] == "xsb"
    kept = [step for step in steps("watch.yml") if "upload-artifact" in step.get("uses", "")]
    assert [(step["if"], step["with"]["path"]) for step in kept] == [("always()", str(out))]
    text = (FOLDER / "watch.yml").read_text()
    assert f"--name {kept[0]['with']['name']} --dir {out}" in text
    assert f"cat {out}/changes.md" in text
    assert not GOING_ON.startswith(".")  # an artifact leaves out hidden files, and a killed watch would not go on


def test_it_runs_weekly_may_write_nothing_and_gives_secrets_to_the_one_step_that_needs_them() -> None:
    found = workflow("watch.yml")
    (weekly,) = found[True]["schedule"]  # YAML 1.1 reads `on` as true
    minute, hour, day, month, weekday = weekly["cron"].split()
    assert (day, month) == ("*", "*") and minute.isdigit() and hour.isdigit() and weekday.isdigit()
    assert "workflow_dispatch" in found[True]
    assert "write" not in found["permissions"].values()
    with_secrets = [step["name"] for step in steps("watch.yml") if "secrets." in str(step)]
    assert with_secrets == ["watch"]
    assert "secrets." not in Path(FOLDER / "watch.yml").read_text().split("jobs:")[0]


def test_actions_are_pinned_and_leave_no_credentials() -> None:
    used = [step for step in steps("watch.yml") if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]) for step in used)
    assert used[0]["with"]["persist-credentials"] is False


def test_the_page_about_it_can_be_believed(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "watch.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\((\.\./[^)#]+)\)", page):
        assert (ROOT / "docs" / target).exists(), target
    known = set(parameters(["xsb-eval", "watch"])) | set(parameters(["xsb-eval", "run"])) | {"--title", "--body-file"}
    assert set(re.findall(r"(?<!-)--[a-z][a-z-]+", page)) <= known
    example = tmp_path / "runs.yaml"
    example.write_text(page.split("```yaml\n")[1].split("```")[0])
    out, entries = read_entries(example, {parameter.name for parameter in parameters(["xsb-eval", "run"]).values()})
    assert str(out) == "runs/watch"
    assert [entry.name for entry in entries] == ["skittish", "org/model", "production"]
    assert entries[1].options["mitigations"] == "ignore_word,guard+steer"
