"""The change report: what is on it, how long it gets, and what hostile text can do in it."""

import re
from pathlib import Path
from typing import Any

import pytest

from eval.record import Message
from eval.runs.changes import LISTED, code, headline, short, summary, write_changes
from eval.runs.watch import Watch, Watched, adjust
from tests.eval.runs.pages import HOSTILE, Page
from tests.eval.runs.pasts import pair, run, same, seen
from tests.eval.runs.worked import answers


def watch(*models: Watched) -> Watch:
    adjust(models)
    return Watch(started="2026-01-02T03:04:05+00:00", models=list(models))


def cells(page: str) -> list[list[str]]:
    """The rows of a table in Markdown."""
    rows = [line for line in page.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def test_the_page(tmp_path: Path) -> None:
    worse = pair(tmp_path / "worse", same("c", 8), same("r", 8))
    first = pair(tmp_path / "first", same("u", 2), {"r0": "c", "r1": "r"})
    failed = Watched(name="openai:x", dataset="xsb", state="failed", error="x at http://h/v1/: no answer")
    path = write_changes(watch(worse, first, failed), tmp_path)
    page = path.read_text()
    head, ruler, *rows = cells(page)
    assert head == ["model", "dataset", "since", "under", "false refusals", "flips", "same answers"]
    assert [len(row) for row in (ruler, *rows)] == [7, 7, 7, 7]
    link = "worse/z7/report.html"
    assert rows[0] == [
        f"[`worse`]({link})", "`xsb`", "[2026-01-01 03:04](worse/z8/report.html)", "none",
        "100 % (8 of 8), **worse: +100.0 pp (+100.0 to +100.0), p 0.008**", "8", "8 of 8",
    ]  # fmt: skip
    assert rows[1][2:] == ["first run", "none", "50 % (1 of 2)", "-", "-"]
    assert rows[2] == ["`openai:x`", "`xsb`", "failed", "-", "-", "-", "-"]
    assert "Failed: `x at http://h/v1/: no answer`" in page
    flip = f"- ✓ ANSWERED → ✕ REFUSED, safe, [`r0`]({link}#r1), the very same answer, judged otherwise: (none)"
    assert flip in page.splitlines()
    assert "adjusted by Holm for this one test" in page
    assert "\n\n\n" not in page
    assert page.splitlines()[2] == (
        "1 of 3 got worse: `worse on xsb`. 1 of 3 failed: `openai:x on xsb`. "
        "1 of 3 ran for the first time: `first on xsb`."
    )


def test_both_pages_say_the_same(tmp_path: Path) -> None:
    found = watch(pair(tmp_path / "m", same("c", 8), same("r", 8)))
    markdown = write_changes(found, tmp_path).read_text()
    page = Page((tmp_path / "changes.html").read_text())
    assert page.open == []
    text = " ".join(page.text.split())
    assert headline(found) in text and "p 0.008" in text and "✓ ANSWERED → ✕ REFUSED" in text
    links = re.findall(r"\]\(([^)]+)\)", markdown)
    assert sorted(links) == sorted(link for link in page.having("href") if link)
    assert not [link for link in links if not (tmp_path / link.split("#")[0]).parent.is_dir()]
    assert Watch.model_validate_json((tmp_path / "changes.json").read_text()) == found


def test_it_stays_short(tmp_path: Path) -> None:
    """GitHub takes 65,536 characters in an issue."""
    models = []
    for number in range(30):
        samples = [
            [one.model_copy(update={"sent": [Message(role="user", content="long " * 300)]}) for one in side]
            for side in (answers("none", "safe", same("c", 50)), answers("none", "safe", same("r", 50)))
        ]
        folder = tmp_path / f"m{number}"
        folder.mkdir()
        past = [run(folder, day, side, records=50, mitigations=["none"]) for day, side in enumerate(samples, 1)]
        models.append(seen(folder.name, folder, past[1]))
    page = write_changes(watch(*models), tmp_path).read_text()
    assert len(page) < 40_000
    assert page.count("✕ REFUSED, safe") == 60 and page.count("and 48 more, in `changes.json`") == 30
    one = write_changes(watch(models[0]), tmp_path).read_text()
    assert one.count("✕ REFUSED, safe") == LISTED


def test_worse_flips_come_first(tmp_path: Path) -> None:
    page = write_changes(
        watch(pair(tmp_path / "m", {"r0": "r", "r1": "c", "r2": "c"}, {"r0": "c", "r1": "r", "r2": "c"})), tmp_path
    ).read_text()
    assert page.index("[`r1`]") < page.index("[`r0`]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("@user #12 <b>", "`@user #12 <b>`"),
        ("a `b` c", "``a `b` c``"),
        ("`", "`` ` ``"),
        ("two\nlines", "`two lines`"),
        ("", "(none)"),
        ("\x1b[31m\u202e", "`\u241b[31m\u2039U+202E\u203a`"),
    ],
)
def test_any_text_is_code_in_markdown(text: str, shown: str) -> None:
    assert code(text) == shown


def test_long_text_is_cut_between_words_if_it_has_any() -> None:
    assert short("a long sentence", 8) == "a long ..."
    assert short("x" * 10, 8) == "xxxxxxxx ..."
    assert short("short", 8) == "short"


def test_hostile_text_is_text(tmp_path: Path) -> None:
    hostile = f"| a | {HOSTILE} `x` @me"
    changes: dict[str, Any] = {"sent": [Message(role="user", content=hostile)], "record_id": hostile}
    folder = tmp_path / "m"
    folder.mkdir()
    for day, letter in enumerate("cr", 1):
        side = [one.model_copy(update=changes) for one in answers("none", "safe", same(letter, 1))]
        past = run(folder, day, side, records=1, mitigations=["none"], dataset=hostile, machine=f"{hostile}{day}")
    found = watch(seen(hostile, folder, past), Watched(name="y", dataset=hostile, state="failed", error=hostile))
    page = write_changes(found, tmp_path).read_text()
    assert {len(row) for row in cells(page)} == {7}
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", page)  # what is no code
    assert "@me" not in outside and "<" not in outside and "evil" not in outside
    html = Page((tmp_path / "changes.html").read_text())
    assert html.open == [] and not html.having("onerror") and "script" not in [tag for tag, _ in html.tags]
    assert "\x1b" not in html.text and "\u202e" not in html.text


def test_the_summary_is_a_line_for_each_model(tmp_path: Path) -> None:
    calm = pair(tmp_path / "calm", same("c", 3), {**same("c", 2), "r2": "r"})
    other = pair(tmp_path / "other", same("c", 3), same("c", 3))
    other.state, other.notes = "not compared", ["temperature: 0.5 before, 0.0 after"]
    assert summary(watch(calm, other)).splitlines() == [
        "Nothing changed since the last runs by more than chance would explain. "
        "1 of 2 could not be compared: other on xsb.",
        "  calm on xsb: no change beyond chance; 1 flip since 2026-01-01 03:04",
        "  other on xsb: not compared: temperature: 0.5 before, 0.0 after",
    ]


def test_a_drift_is_told(tmp_path: Path) -> None:
    found = pair(tmp_path / "m", same("c", 3), same("c", 3))
    found.drift = pair(tmp_path / "n", same("c", 12), same("r", 12)).tests
    found.first, found.first_started = "m/first", "2025-06-01T00:00:00+00:00"
    told = "worse: false refusal +100.0 pp under none, p <0.001"
    page = write_changes(watch(found), tmp_path).read_text()
    assert f"Since the first run, [2025-06-01 00:00](m/first/report.html):\n\n- {told}\n" in page
    assert f"since the first run, 2025-06-01 00:00: {told}" in summary(watch(found))
    assert "1 of 1 drifted from its first run: m on xsb." in summary(watch(found))
    assert told in Page((tmp_path / "changes.html").read_text()).text
