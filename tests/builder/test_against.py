"""Near-copies of supplied benchmarks: found with the line, whatever the file's kind; unusable files are named."""

from pathlib import Path

import pytest

from builder.against import near_copies
from builder.source.read import Place
from eval.errors import InputError
from eval.record import Message, Record

PROMPT = "Which fuse goes into the plug of a kettle?"
RECORDS = [Record(id="a", messages=[Message(role="user", content=PROMPT)])]
PLACES = [Place("homonyms.yaml", 7)]


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("x.CSV", 'id, Prompt\n1,"Two\nlines, quoted"\n2,"which fuse goes into\nthe plug of a kettle"\n', 4),
        ("x.csv", f"\ufeffprompt;x,prompt\n,{PROMPT}\n", 2),
        ("x.csv", f"response,prompt\n{'a' * 200_000},{PROMPT}\n", 2),
        ("x.jsonl", f'\ufeff{{"prompt": "else"}}\n\n{{"prompt": "{PROMPT}!"}}\n', 3),
    ],
)
def test_a_near_copy_is_a_problem(tmp_path: Path, name: str, content: str, line: int) -> None:
    file = write(tmp_path, name, content)
    (problem,) = near_copies(RECORDS, PLACES, file)
    assert (problem.file, problem.line) == ("homonyms.yaml", 7)
    assert problem.message.startswith("a: ") and problem.message.endswith(
        f"alike with {file}, line {line}; write it anew"
    )


def test_other_prompts_are_none(tmp_path: Path) -> None:
    assert (
        near_copies(RECORDS, PLACES, write(tmp_path, "x.csv", "prompt\nWhich kettle is best for a tiny flat?\n")) == []
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.txt", "prompt\n", "x.txt is neither .csv nor .jsonl; give a file of one of these kinds"),
        ("x.csv", "id,text\n1,2\n", "x.csv has no column `prompt` (its columns: id, text); rename one"),
        ("x.csv", "", "x.csv has no column `prompt` (its columns: none)"),
        ("x.csv", b"prompt\n\xff\n", "x.csv is not UTF-8"),
        ("x.csv", "prompt\n" + "a" * 10_000_001, "x.csv, line 2: no readable CSV (field larger than field limit"),
        ("x.csv", "prompt\n", "x.csv holds no prompts"),
        ("x.jsonl", "[" * 100_000, "x.jsonl, line 1: no readable JSON"),
        ("x.jsonl", '{"prompt": "a"}\n{"prompt"\n', "x.jsonl, line 2: no readable JSON"),
        ("x.jsonl", '["a"]\n', "x.jsonl, line 1: no text in `prompt`"),
        ("x.jsonl", '{"prompt": 3}\n', "x.jsonl, line 1: no text in `prompt`"),
    ],
)
def test_an_unusable_file_is_named(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    with pytest.raises(InputError) as error:
        near_copies(RECORDS, PLACES, write(tmp_path, name, content))
    assert message in str(error.value)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.csv cannot be read \(No such file or directory\)"):
        near_copies(RECORDS, PLACES, tmp_path / "absent.csv")
