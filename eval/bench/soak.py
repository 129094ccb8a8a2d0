"""Kills a run with SIGKILL at random moments, again and again; the end must equal an undisturbed run, times aside.

python -m eval.bench.soak [KILLS] [SEED]; skittish in float32 on the first records of the release in the folder xsb.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from eval.progress import track
from eval.runs.sample import read_samples

KILLS = 20
RECORDS = 36
CHUNK = 24  # answers, so that a life is long enough for a chunk or several
LONGEST_LIFE_S = 25.0


def command(out: Path) -> list[str]:
    """The run that is killed and restarted."""
    return [
        sys.executable, "-c", f"import eval.runs.run as it; it.CHUNK = {CHUNK}; from eval.cli import main; main()",
        "run", "--dataset", "xsb", "--model", "skittish",
        "--dtype", "float32", "--mitigations", "none,steer", "--limit", str(RECORDS), "--max-new-tokens", "16",
        "--out", str(out),
    ]  # fmt: skip


def main(kills: int, seed: int) -> int:
    """0 if the killed run's samples equal the undisturbed one's."""
    rng = random.Random(seed)
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    with tempfile.TemporaryDirectory() as folder:
        calm, killed = Path(folder, "calm"), Path(folder, "killed")
        subprocess.run(command(calm), check=True, env=environment, capture_output=True)
        for _ in track(range(kills), "killing"):
            process = subprocess.Popen(
                command(killed), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            time.sleep(rng.uniform(0.5, LONGEST_LIFE_S))
            process.send_signal(signal.SIGKILL)
            process.wait()
        subprocess.run(command(killed), check=True, env=environment, capture_output=True)
        same = _samples(calm) == _samples(killed)
    print(f"{kills} kills, seed {seed}: {'equal to' if same else 'DIFFERENT from'} the undisturbed run")
    return 0 if same else 1


def _samples(folder: Path) -> list[dict[str, Any]]:
    return [sample.model_dump(exclude={"seconds"}) for sample in read_samples(folder / "samples.jsonl")]


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else KILLS, int(sys.argv[2]) if len(sys.argv) > 2 else 0))
