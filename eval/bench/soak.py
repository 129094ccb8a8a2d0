"""Kills runs with SIGKILL at random moments, again and again; their ends must equal an undisturbed run, times aside.

python -m eval.bench.soak [KILLS] [SEED]; a small random model in float32 on the first records of the release in the
folder xsb. A server has imported everything once and forks a process for each life of a run, which is then the command
as it is.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, NamedTuple

from eval.progress import track
from eval.runs.sample import read_samples

KILLS = 100
RECORDS = 36
CHUNK = 24  # answers, so that a life is long enough for a chunk or several
LONGEST = 0.5  # life between two kills, as a share of what the undisturbed run takes
WRITING = 0.5  # share of the kills that come as soon as samples are written; the others come at any moment
IMPORTED = [
    "datasets", "transformers.models.llama.modeling_llama", "eval.cli", "eval.load", "eval.models.transformers",
    "eval.runs.report", "eval.runs.view",
]  # fmt: skip
Command = Callable[[Path], list[str]]  # the arguments of xsb-eval for a run into a folder


class Soaked(NamedTuple):
    """How many kills there were, how many left a torn line, and how many runs came to their end."""

    kills: int
    torn: int
    ends: int


def soak(command: Command, folder: Path, kills: int, rng: random.Random) -> Soaked:
    """Kill runs and start them again with the same command, and compare each end with a run that was left alone.

    Args:
        command: the run.
        folder: an empty one to work in.
        kills: how many; where a run ends too early for all of them, another begins.
        rng: says when.

    Raises:
        RuntimeError: a run failed, or its samples differ from the undisturbed run's.
    """
    log = folder / "log"
    _life(["--help"], log).join()  # the server's imports are in nobody's time
    started = time.monotonic()
    calm = _life(command(folder / "calm"), log)
    calm.join()
    _check(calm, log)
    longest = LONGEST * (time.monotonic() - started)
    wanted, torn, ends = _samples(folder / "calm"), 0, 0
    out = folder / "killed-0"
    for _ in track(range(kills), "killing"):
        while True:
            out = folder / f"killed-{ends}"
            process = _life(command(out), log)
            _wait(process, out / "samples.jsonl", rng, longest)
            if process.is_alive():
                break
            ends += _ended(process, out, wanted, log)
        process.kill()
        process.join()
        torn += _torn(out / "samples.jsonl")
    process = _life(command(out), log)
    process.join()
    return Soaked(kills, torn, ends + _ended(process, out, wanted, log))


def _life(arguments: Sequence[str], log: Path) -> ForkServerProcess:
    context = get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    process = context.Process(target=_live, args=(list(arguments), str(log)))
    process.start()
    return process


def _live(arguments: Sequence[str], log: str) -> None:
    """The command in a process of its own."""
    from eval.cli import main
    from eval.runs import run

    run.CHUNK = CHUNK
    with Path(log).open("a", encoding="utf-8") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    sys.argv = ["xsb-eval", *arguments]
    main()


def _wait(process: ForkServerProcess, samples: Path, rng: random.Random, longest: float) -> None:
    """Until it is to be killed, or has ended."""
    end = time.monotonic() + rng.uniform(0, longest)
    if rng.random() >= WRITING:
        process.join(max(0, end - time.monotonic()))
        return
    time.sleep(max(0, end - time.monotonic()) / 2)
    before, last = _size(samples), time.monotonic() + longest
    while process.is_alive() and _size(samples) == before and time.monotonic() < last:
        time.sleep(0.0002)


def _ended(process: ForkServerProcess, out: Path, wanted: list[dict[str, Any]], log: Path) -> int:
    """One, if it has come to the right end."""
    _check(process, log)
    if _samples(out) != wanted:
        raise RuntimeError(f"the samples in {out} are not those of the undisturbed run")
    return 1


def _check(process: ForkServerProcess, log: Path) -> None:
    if process.exitcode:
        raise RuntimeError(f"a run failed: {log.read_text(encoding='utf-8')[-2000:]}")


def _samples(folder: Path) -> list[dict[str, Any]]:
    return [sample.model_dump(exclude={"seconds"}) for sample in read_samples(folder / "samples.jsonl")]


def _torn(samples: Path) -> bool:
    """Whether the last line has no end."""
    content = samples.read_bytes() if samples.exists() else b""
    return bool(content) and not content.endswith(b"\n")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def save_small(folder: Path) -> None:
    """Write a random Llama of two narrow layers with skittish's tokenizer: a life must be short, not wise."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    from eval.models.skittish import merged_folder

    narrow = {"hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 4, "num_key_value_heads": 2}
    config = AutoConfig.from_pretrained(merged_folder(), num_hidden_layers=2, head_dim=16, **narrow)
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(merged_folder()).save_pretrained(folder)


def main(kills: int, seed: int) -> int:
    """0 if every run ended as the undisturbed one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_small(folder / "model")

        def command(out: Path) -> list[str]:
            return [
                "run", "--dataset", "xsb", "--model", str(folder / "model"), "--dtype", "float32", "--mitigations",
                "none,steer", "--limit", str(RECORDS), "--max-new-tokens", "16", "--out", str(out),
            ]  # fmt: skip

        try:
            found = soak(command, folder, kills, random.Random(seed))
        except RuntimeError as error:
            print(f"seed {seed}: {error}")
            return 1
    print(
        f"{found.kills} kills, seed {seed}, {found.torn} of them in the middle of a line: {found.ends} runs ended, all "
        "equal to the undisturbed one"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else KILLS, int(sys.argv[2]) if len(sys.argv) > 2 else 0))
