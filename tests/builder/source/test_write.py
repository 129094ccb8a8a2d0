"""Records as YAML: what is written reads back the same, in the style of the shipped files."""

import re
from pathlib import Path

import pytest

from builder.shipped import RECORDS
from builder.source.read import read_folder, read_provenance
from builder.source.write import file_text
from eval.errors import InputError
from eval.record import Message
from eval.words import find
from tests.builder.candidates import DIALOGUE, SAFE

NEW = SAFE.record().model_copy(update={"id": "xsb-safe_targets-900", "split": "dev", "version": "0.2.0"})
SHIPPED = sorted(RECORDS.rglob("*.yaml"))


def same_layout(text: str) -> str:
    """The text without the quotes that a list in brackets may have or not."""
    return re.sub(r"\[.*\]", lambda found: found.group().replace('"', ""), text)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_shipped_files_would_be_written_as_they_are(tmp_path: Path, file: Path) -> None:
    records = read_folder(file)[0]
    assert same_layout(file_text(tmp_path / file.name, records, {})) == same_layout(file.read_text(encoding="utf-8"))


def test_records_are_appended_and_nothing_else_is_touched(tmp_path: Path) -> None:
    file = tmp_path / "safe_targets.yaml"
    old = (RECORDS / "xsb" / "safe_targets.yaml").read_text(encoding="utf-8")
    file.write_text(old.rstrip("\n"), encoding="utf-8")
    own = NEW.model_copy(update={"author_kind": "model+human", "source": "elsewhere"})
    steps = {own.id: {"candidate": "c-1", "generated": ["model: x", 'seed: "7"'], "accepted": "2026-01-01"}}
    file.write_text(file_text(file, [own], steps), encoding="utf-8")
    text = file.read_text(encoding="utf-8")
    assert text.startswith(old) and [path.name for path in tmp_path.iterdir()] == ["safe_targets.yaml"]
    assert read_folder(file)[0][-1] == own and read_provenance(file) == steps


def test_a_scenario_with_focus_in_an_earlier_turn(tmp_path: Path) -> None:
    facts = {"id": "ms-xsb-x-01", "scenario_id": "ms-xsb-x", "pair_id": "ms-xsb-x", "split": "dev", "version": "0.2.0"}
    record = DIALOGUE.record().model_copy(update=facts)
    assert [span.turn for span in record.focus_spans] == [0, 2]
    text = file_text(tmp_path / "x.yaml", [record], {})
    assert "    focus_turns: [0, 2]\n" in text and "pair_id" not in text
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    assert read_folder(tmp_path)[0] == [record]


@pytest.mark.parametrize(
    "word",
    [
        "no",
        "7",
        "null",
        "it's",
        "one, two",
        "a: b",
        "#1",
        "- x",
        "[x]",
        'a "b"',
        "\\",
        "*x",
        "&x",
        "~",
        "2026-01-01",
        "é",
    ],
)
def test_words_that_yaml_takes_for_something_else(tmp_path: Path, word: str) -> None:
    said = f'Say {word} to\nthe "wall": \\n # \u2028 \u00a0 now'
    turns = [Message(role="user", content=said)]
    facts = {"messages": turns, "topic": word, "neutral": [word], "why": said}
    record = NEW.model_copy(update={**facts, "focus": ["wall"], "focus_spans": find(turns, "wall")})
    (tmp_path / "x.yaml").write_text(file_text(tmp_path / "x.yaml", [record], {}), encoding="utf-8")
    assert read_folder(tmp_path)[0] == [record]


def test_other_indents_are_kept_and_other_layouts_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    text = file_text(file, [NEW], {})
    head, _, items = text.partition("records:\n")
    file.write_text(head + "records:\n" + items.replace("\n  ", "\n").removeprefix("  "), encoding="utf-8")
    other = NEW.model_copy(update={"id": "xsb-safe_targets-901"})
    assert "\n- id: xsb-safe_targets-901\n" in file_text(file, [other], {})
    lines = head.splitlines()
    file.write_text(f"records:\n{items}" + "\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="its list must come last"):
        file_text(file, [other], {})
