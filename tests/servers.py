"""Real servers of language models on loopback: llama.cpp with structured output, and `transformers serve` without."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from eval.models.skittish import GGUF, base_folder
from tests.conftest import free_port, wait_for

LLAMA = """
import os, sys, time, xllamacpp
tests = os.getppid()
params = xllamacpp.CommonParams()
params.model.path, params.port, params.n_ctx = sys.argv[1], int(sys.argv[2]), 16384
params.n_parallel, params.model_alias = 2, {"smollm2"}
for threads in (params.cpuparams, params.cpuparams_batch):
    threads.n_threads = 1  # two wait for each other, and are a hundred times as slow beside other work
server = xllamacpp.Server(params)
while os.getppid() == tests:  # a server must not outlive tests that were killed
    time.sleep(1)
"""


@contextmanager
def llama() -> Iterator[str]:
    """The base model of skittish in llama.cpp, two requests at a time; its address."""
    port = free_port()
    with _process([sys.executable, "-c", LLAMA, str(base_folder() / GGUF), str(port)], f"http://127.0.0.1:{port}"):
        yield f"http://127.0.0.1:{port}/v1"


@contextmanager
def transformers_serve() -> Iterator[str]:
    """`transformers serve`, which loads what it is asked for; its address."""
    port = free_port()
    binary = str(Path(sys.executable).parent / "transformers")
    options = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--dtype", "float32"]
    with _process([binary, "serve", *options], f"http://127.0.0.1:{port}"):
        yield f"http://127.0.0.1:{port}/v1"


@contextmanager
def _process(command: Sequence[str], url: str) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
    try:
        wait_for(f"{url}/health", process)
        yield
    finally:
        process.terminate()
        process.wait(20)
