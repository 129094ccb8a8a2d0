"""docs/walk.md, walked: the same commands on a real server, each with what it must bring about."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from builder.candidate import Candidate
from builder.filters.reject import Reject
from builder.source.read import read_folder
from eval.jsonl import read
from tests.walk import PAGE, PROMPT, Step, commands


def printed(steps: Sequence[Step], begin: str) -> str:
    [step] = [step for step in steps if step.command.startswith(begin)]
    return step.output


def test_every_command_of_the_page_is_run_and_succeeds(walked: tuple[Path, list[Step]]) -> None:
    _, steps = walked
    assert [step.command for step in steps] == commands() and len(steps) >= 15
    assert [step for step in steps if step.code] == []


def test_twenty_candidates_are_written_annotated_sorted_and_screened(walked: tuple[Path, list[Step]]) -> None:
    folder, steps = walked
    assert "20 drafts, 20 candidates" in printed(steps, "xsb-build generate")
    assert "20 annotated" in printed(steps, "xsb-build annotate")
    generated, annotated, kept, screened = (
        list(read(folder / f"{name}.jsonl", Candidate)) for name in ("generated", "annotated", "kept", "screened")
    )
    rejects = list(read(folder / "kept.rejects.jsonl", Reject))
    assert len(generated) == len(annotated) == len(kept) + len(rejects) == 20
    assert f"{len(kept)} of 20 kept" in printed(steps, "xsb-build filter")
    assert all(reject.reason for reject in rejects)
    assert all({p.method for p in c.proposals} <= {"llm", "ablation"} and c.proposals for c in annotated)
    assert [c.model_copy(update={"screenings": []}) for c in screened] == kept
    assert all(c.screenings[0].model == "skittish" for c in screened)


def test_what_two_accepted_is_a_record_of_the_release(walked: tuple[Path, list[Step]]) -> None:
    """How many candidates so small a model writes that a filter keeps differs between machines: often one or two."""
    folder, steps = walked
    kept = len(list(read(folder / "kept.jsonl", Candidate)))
    for reviewer in ("anna", "bert"):
        told = printed(steps, f"xsb-build review --reviewer {reviewer}")
        assert f"{min(kept, 2)} reviewed, {kept - min(kept, 2)} left" in told
    records = read_folder(folder / "builder" / "records")[0]
    new = [record for record in records if record.version == "0.2.0"]
    assert [(r.prompt, r.focus, r.split, r.author_kind) for r in new] == [(PROMPT, ["trespass"], "dev", "model")][:kept]
    assert f"{len(records)} records" in printed(steps, "xsb-build validate")
    assert f"{len(records)} records written to xsb" in printed(steps, "xsb-build release")


def test_the_page_was_written_by_such_a_walk() -> None:
    text = PAGE.read_text("utf-8")
    for sign in ("20 drafts, 20 candidates", "20 annotated", " of 20 kept", PROMPT, "provenance:", "written to xsb"):
        assert sign in text
    assert not re.search(r"/tmp|/home|/root", text), "no paths of the machine that walked"


@pytest.mark.parametrize("picture", ["review-blind.png", "review-compare.png"])
def test_the_pictures_are_there(picture: str) -> None:
    assert picture in PAGE.read_text("utf-8")
    assert (PAGE.parent / picture).read_bytes().startswith(b"\x89PNG")
