"""A Ray cluster on loopback that tests join, and that ends with them, however they end."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.test_promises import ROOT

CLUSTER = """
import sys, ray
ray.init("local", num_cpus=4, include_dashboard=False, object_store_memory=128 * 2**20, logging_level="ERROR")
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()  # to its end, which comes with that of the tests, even if they are killed
"""
JOINED = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(ROOT)}


@contextmanager
def ray_cluster() -> Iterator[str]:
    """A cluster that thinks it has four CPUs; its address."""
    process = subprocess.Popen(
        [sys.executable, "-c", CLUSTER], env={**os.environ, **JOINED}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.communicate(timeout=60)
