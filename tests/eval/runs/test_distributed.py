"""Actors in a real cluster of Ray's: killed, wrong, of no use, and always the samples of a run without them."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from eval.errors import ModelError, UnknownName, XsbError
from eval.models import OpenWeights
from eval.models.transformers import TransformersModel
from eval.runs.cluster import Cluster, cluster
from eval.runs.distributed import HELD, Actors
from eval.runs.options import Options
from eval.runs.run import run
from eval.runs.sample import read_samples
from tests.clerks import Clerk, dying, failing, fatal, pids, square, unlike, wait_until, wrong
from tests.eval.runs.worked import records, timeless
from tests.ray_cluster import JOINED

COUNT = 100
FREE = {"num_cpus": 0}  # these actors take no CPU from those with models
OPTIONS: dict[str, Any] = {"dataset": "rows.jsonl", "mitigations": ["ignore_word", "steer"], "max_new_tokens": 6,
           "temperature": 0.8, "samples": 2}  # fmt: skip


CHUNK = 24  # of 12 records, which have 72 answers
LINES = 72


@pytest.fixture(scope="module")
def joined(ray_address: str) -> Iterator[Cluster]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**JOINED, "RAY_ADDRESS": ray_address}.items():
            patch.setenv(name, value)
        with cluster(4) as found:
            yield replace(found, most=2)


@pytest.fixture(scope="module")
def models(joined: Cluster, tiny_folder: Path) -> Iterator[Actors[OpenWeights]]:
    with joined.models(str(tiny_folder), "float32") as actors:
        yield actors


@pytest.fixture(scope="module")
def wanted(tiny: TransformersModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an undisturbed run without Ray."""
    folder = tmp_path_factory.mktemp("wanted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("eval.runs.run.CHUNK", CHUNK)
        run(tiny, records(COUNT), folder, Options(**OPTIONS))
    return folder


@pytest.fixture(scope="module")
def clerks(joined: Cluster) -> Iterator[Actors[Clerk]]:
    with replace(joined, share=FREE).actors("clerk", partial(Clerk, {})) as actors:
        yield actors


def test_results_come_in_order_from_both_actors_and_few_tasks_are_taken_ahead(
    clerks: Actors[Clerk], tmp_path: Path
) -> None:
    asked: list[int] = []

    def tasks() -> Iterator[int]:
        for task in range(30):
            asked.append(task)
            yield task

    results = clerks.spread(partial(square, notes=tmp_path / "notes"), tasks())
    assert next(results) == 0
    assert len(asked) <= 2 * HELD + 1
    assert list(results) == [n * n for n in range(1, 30)]
    assert len(pids(tmp_path / "notes")) == 2
    assert list(clerks.spread(failing, [])) == []


def test_a_task_whose_actor_dies_is_done_by_another(
    clerks: Actors[Clerk], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    function = partial(dying, notes=tmp_path / "notes", deaths=1)
    assert list(clerks.spread(function, range(6))) == [0, 1, 4, 9, 16, 25]
    assert len(pids(tmp_path / "notes")) == 2
    assert "its process was killed or crashed); another goes on with" in caplog.text


def test_a_task_that_kills_three_actors_ends_it_after_what_comes_before(clerks: Actors[Clerk], tmp_path: Path) -> None:
    found = []
    function = partial(dying, notes=tmp_path / "notes", deaths=9)
    with pytest.raises(ModelError, match=r"^3 actors died, one after the other, of the task 2 .its process") as error:
        for result in clerks.spread(function, range(6), lambda task: f"the task {task}"):
            found.append(result)
    assert found == [0, 1] and "\n" not in str(error.value)
    assert len(pids(tmp_path / "notes")) == 3


def test_an_error_of_a_user_arrives_as_itself_after_what_comes_before(clerks: Actors[Clerk]) -> None:
    found = []
    with pytest.raises(UnknownName, match=r"^unknown task 'thre'. Did you mean three\? Known: three.$"):
        for result in clerks.spread(failing, range(6)):
            found.append(result)
    assert found == [0, 1, 2]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (wrong, "^no such clerk; name another$"),
        (fatal, "^3 actors died while loading clerk .its process was killed or crashed.$"),
        (unlike, "^an actor of clerk has revision 2, not 1; all machines must have the same$"),
    ],
)
def test_actors_that_cannot_start_or_differ(
    joined: Cluster, make: Callable[[Path], Clerk], message: str, tmp_path: Path
) -> None:
    cluster = replace(joined, share=FREE)
    with pytest.raises(XsbError, match=message), cluster.actors("clerk", partial(make, tmp_path / "notes")) as actors:
        list(actors.spread(partial(square, notes=tmp_path / "notes"), range(6)))


def lines_of(folder: Path) -> list[bytes]:
    file = folder / "samples.jsonl"
    return file.read_bytes().splitlines(keepends=True) if file.exists() else []


def at_work(actors: Actors[Any], notes: Path) -> set[int]:
    """The processes of both actors."""
    assert len(list(actors.spread(partial(square, notes=notes), range(12)))) == 12
    return pids(notes)


def test_a_run_whose_actor_is_killed_is_that_without_ray(
    models: Actors[OpenWeights], wanted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Begun without Ray, gone on with it, and one of two actors killed after its first chunk."""
    monkeypatch.setattr("eval.runs.run.CHUNK", CHUNK)
    shutil.copy(wanted / "config.json", tmp_path)
    (tmp_path / "samples.jsonl").write_bytes(b"".join(lines_of(wanted)[: LINES + 5]))
    both = at_work(models, tmp_path / "notes")

    def kill() -> None:
        wait_until(lambda: len(lines_of(tmp_path)) > LINES + 5)
        os.kill(min(both), signal.SIGKILL)

    with ThreadPoolExecutor() as pool:
        killing = pool.submit(kill)
        again = run(models, records(COUNT), tmp_path, Options(**OPTIONS))
        killing.result()
    assert timeless(again) == timeless(read_samples(wanted / "samples.jsonl"))
    assert min(both) not in at_work(models, tmp_path / "more notes")


def test_an_error_in_an_actor_is_that_of_a_run_without(
    models: Actors[OpenWeights], tiny: TransformersModel, tmp_path: Path
) -> None:
    options = {**OPTIONS, "method": "direction"}  # which nobody has fitted for it
    with pytest.raises(XsbError) as here:
        run(tiny, records(30), tmp_path / "a", Options(**options))
    with pytest.raises(type(here.value), match=f"^{re.escape(str(here.value))}$"):
        run(models, records(30), tmp_path / "b", Options(**options))


COMMAND = """
from eval.runs import run
run.CHUNK = {chunk}
from eval.cli import main
main()
"""


@pytest.mark.usefixtures("joined")
def test_a_killed_driver_is_gone_on_with_without_ray(
    tiny: TransformersModel, tiny_folder: Path, wanted: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The command itself loses an actor and then its life; its actors end, and stdout has nothing of Ray's."""
    monkeypatch.setattr("eval.runs.run.CHUNK", CHUNK)
    (tmp_path / "rows.jsonl").write_text("".join(record.model_dump_json() + "\n" for record in records(COUNT)))
    command = [
        sys.executable, "-c", COMMAND.format(chunk=CHUNK), "run", "--dataset", "rows.jsonl", "--model",
        str(tiny_folder), "--dtype", "float32", "--mitigations", "ignore_word,steer", "--max-new-tokens", "6",
        "--temperature", "0.8", "--samples", "2", "--out", "out", "--ray", "--actors", "4",
    ]  # fmt: skip
    before = set(actors_at_work())
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=said, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: bool(lines_of(tmp_path / "out")) or process.poll() is not None)
            os.kill(min(set(actors_at_work()) - before), signal.SIGKILL)
            had = len(lines_of(tmp_path / "out"))
            wait_until(lambda: len(lines_of(tmp_path / "out")) > had or process.poll() is not None)
            assert process.poll() is None
        finally:
            process.kill()
            process.wait()
    wait_until(lambda: not set(actors_at_work()) - before)
    assert (tmp_path / "said").read_text() == ""
    assert len(lines_of(tmp_path / "out")) % LINES == 0
    monkeypatch.chdir(tmp_path)
    again = run(tiny, records(COUNT), tmp_path / "out", Options(**OPTIONS))
    assert timeless(again) == timeless(read_samples(wanted / "samples.jsonl"))


def actors_at_work() -> list[int]:
    return [process.pid for process in psutil.process_iter() if "ray::_Host" in " ".join(cmdline(process))]


def cmdline(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:  # it ended meanwhile
        return []
