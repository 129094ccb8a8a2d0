"""The tab by itself: what it loads, and what the command says of what cannot be served."""

import json
import subprocess
import sys
from pathlib import Path

from tests.browser.candidates import ALL
from tests.builder.candidates import write

CHILD = """
import json, sys
from pathlib import Path
from space_app.page import build
from space_app.settings import ReviewSettings, Settings
file, folder = map(Path, sys.argv[1:])
settings = Settings(review=ReviewSettings(candidates=file, reviews=folder))
page = build(settings, "review")
tabs = [one["props"]["label"] for one in page.config["components"] if one["type"] == "tabitem"]
print(json.dumps(["torch" in sys.modules, tabs]))
"""


def test_review_alone_loads_no_torch(tmp_path: Path) -> None:
    child = [sys.executable, "-c", CHILD, str(write(tmp_path / "candidates.jsonl", ALL)), str(tmp_path / "reviews")]
    done = subprocess.run(child, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [False, ["Review"]]


COMMANDS = """
import json, sys
from space_app.cli import main
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["xsb-space", *arguments]
    try:
        main()
    except SystemExit as stopped:
        print(stopped.code)
"""


def test_what_cannot_be_served_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.jsonl").write_text("{}\n")
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "reviews").mkdir()
    (tmp_path / "reviews" / "anna.jsonl").write_text('{"id": 1}\n')
    good = write(tmp_path / "candidates.jsonl", ALL)
    cases = {
        (
            "--only",
            "reviews",
        ): "unknown tab 'reviews'. Did you mean review? Known: contribute, explore, results, review, try.",
        ("--only", "review"): "needs both --candidates FILE.jsonl and --reviews FOLDER",
        ("--candidates", good): "needs both",
        ("--candidates", tmp_path / "absent.jsonl", "--reviews", tmp_path): "absent.jsonl is no file; give",
        ("--candidates", tmp_path / "broken.jsonl", "--reviews", tmp_path): "broken.jsonl:1: id: Field required",
        ("--candidates", tmp_path / "empty.jsonl", "--reviews", tmp_path): "holds no candidates",
        ("--only", "review", "--candidates", good, "--reviews", good): "is a file; give a folder",
        ("--only", "review", "--candidates", good, "--reviews", tmp_path / "reviews"): "anna.jsonl:1: id: ",
    }
    arguments = json.dumps([[str(part) for part in case] for case in cases])
    done = subprocess.run([sys.executable, "-c", COMMANDS, arguments], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2"] * len(cases)
    lines = done.stderr.splitlines()
    assert len(lines) == len(cases)
    for line, message in zip(lines, cases.values(), strict=True):
        assert line.startswith("error: ") and message in line
