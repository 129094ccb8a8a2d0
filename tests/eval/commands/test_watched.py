"""The file of a watch: what it may hold, and what is refused in a line before anything runs."""

import re
from pathlib import Path

import pytest

from eval.cli import app, main
from eval.commands.watched import Entry, read_entries
from eval.errors import XsbError

KNOWN = {"config", "out", "dry_run", "model", "dataset", "base_url", "dtype", "revision", "limit", "max_new_tokens"}


def file(folder: Path, text: str) -> Path:
    path = folder / "runs.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_options_are_for_all_models_that_they_make_sense_for(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        "out: runs/w\nlimit: 12\nmax-new-tokens: 64\nbase-url: http://a/v1\ndtype: float32\n"
        "models:\n- skittish\n- openai:m\n- {name: staging, model: openai:m, base_url: http://b/v1, limit: 6}\n"
        "- {model: org/name, revision: v2}\n",
    )
    out, entries = read_entries(path, KNOWN)
    shared = {"limit": "12", "max_new_tokens": "64"}
    assert out == Path("runs/w")
    assert entries == [
        Entry("skittish", "skittish", {**shared, "dtype": "float32", "model": "skittish"}),
        Entry("openai:m", "openai-m", {**shared, "base_url": "http://a/v1", "model": "openai:m"}),
        Entry(
            "staging", "staging", {**shared, "limit": "6", "base_url": "http://b/v1", "model": "openai:m"}
        ),
        Entry("org/name", "org-name", {**shared, "dtype": "float32", "revision": "v2", "model": "org/name"}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models: [", "is no YAML"),
        ("- skittish", "must hold options such as"),
        ("", "must hold options such as"),
        ("out: w", "needs a list of `models`"),
        ("out: w\nmodels: []", "needs a list of `models`"),
        ("out: w\nmodels: skittish", "needs a list of `models`"),
        ("models: [skittish]", "needs an `out`"),
        ("out: w\nmodels: [skittish, skittish]", "has skittish in one folder; give one of them another `name`"),
        ("out: w\nmodels: [a/b, a-b]", "has a/b and a-b in one folder"),
        ("out: w\nmodels: [[skittish]]", "must be a text, a number, or a list|a list within `models`"),
        ("out: w\nmodels: ['a,b']", "has several models in a,b"),
        ("out: w\nmodels: [{name: x}]", "has a model without a `model`"),
        ("out: w\nmodels: [null]", "has a model without a `model`"),
        ("out: w\nmodels: [{model: [a, b]}]", "a list within `models`"),
        ("out: w\nmodels: [{model: {a: b}}]", "must be a text, a number, or a list"),
        ("out: w\nmodels: [skittish]\nlimt: 3", "Did you mean limit"),
        ("out: w\nmodels: [skittish]\nmodel: skittish", "unknown option in"),
        ("out: w\nmodels: [skittish]\ndry-run: true", "unknown option in"),
        ("out: w\nmodels: [{model: skittish, out: x}]", "unknown option in"),
        ("out: w\nlimit: 1\nLimit: 2\nmodels: [skittish]", "unknown option in"),
        ("out: w\nmodels: [{model: skittish, max-new-tokens: 1, max_new_tokens: 2}]", "gives max_new_tokens twice"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_in_a_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(XsbError, match=message) as error:
        read_entries(file(tmp_path, text), KNOWN)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("limit: 0", [], "'--limit'"),
        ("samples: 2", [], "give a --temperature above 0"),
        ("mitigations: ster", [], "Did you mean steer"),
        ("judge: rule", [], "Did you mean rules"),
        ("dataset: [a/b, a-b]", [], "would share a folder"),
        ("limit: 1", ["--fail-if", "steer.false_refusal > 0"], "unknown mitigation 'steer'"),
        ("limit: 1", ["--fail-if", "worse"], "is no condition"),
    ],
)
def test_options_that_run_would_refuse_are_refused_before_anything_runs(
    text: str, options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    path = file(tmp_path, f"out: {tmp_path / 'w'}\n{text}\nmodels: [no/such-model]\n")
    monkeypatch.setattr("sys.argv", ["xsb-eval", "watch", "--config", str(path), *options])
    with pytest.raises(SystemExit) as end:
        main()
    told = capsys.readouterr().err
    assert end.value.code == 2
    assert told.startswith("error: ") and told.count("\n") == 1
    assert re.search(message, told)
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("name", ["config.json", "samples.jsonl"])
def test_a_run_is_no_folder_for_watches(name: str, tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / name).write_text("{}")
    path = file(tmp_path, f"out: {tmp_path / 'w'}\nmodels: [no/such-model]\n")
    with pytest.raises(XsbError, match="is a run, not a folder for watches"):
        app(["watch", "--config", str(path)], standalone_mode=False)


def test_neither_is_a_file_nor_what_others_left(tmp_path: Path) -> None:
    path = file(tmp_path, f"out: {tmp_path / 'w'}\nmodels: [no/such-model]\n")
    (tmp_path / "w").write_text("mine")
    with pytest.raises(XsbError, match="is a file, not a folder for watches"):
        app(["watch", "--config", str(path)], standalone_mode=False)
    (tmp_path / "w").unlink()
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "unfinished").write_text("mine")
    with pytest.raises(XsbError, match="unfinished is not this command's"):
        app(["watch", "--config", str(path)], standalone_mode=False)
    assert (tmp_path / "w" / "unfinished").read_text() == "mine"
