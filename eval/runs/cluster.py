"""A Ray cluster: the one that RAY_ADDRESS names, or one on this machine for as long as it is needed.

An actor has a GPU of its own where the cluster has any, else its share of the CPUs: Ray gives it as many threads.
Nothing is sent to Ray's makers, and nothing of Ray's is printed.
"""

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from platform import node
from typing import Any

from eval.errors import InputError, ModelError, one_line
from eval.models import OpenWeights, load_model
from eval.models.protocol import ENDPOINT
from eval.runs.config import versions
from eval.runs.distributed import Actors, W

ADDRESS = "RAY_ADDRESS"
STORE = 256 * 2**20  # bytes of shared memory for results on their way; those of a chunk are about one million
PATIENCE = 10.0  # seconds
INSTALL = "--ray needs Ray, which is not installed; run: pip install 'xsb[ray]'"


@dataclass(frozen=True)
class Cluster:
    """How many actors may run in it at once, and what each of them asks Ray for (`num_cpus`, `num_gpus`)."""

    most: int
    share: dict[str, int]

    @contextmanager
    def actors(self, name: str, make: Callable[[], W]) -> Iterator[Actors[W]]:
        """Actors with workers that `make` makes, the first of them ready; they end with the context."""
        with closing(Actors(name, make, self.most, self.share)) as actors:
            yield actors

    def models(
        self, name: str, dtype: str = "auto", revision: str | None = None
    ) -> AbstractContextManager[Actors[OpenWeights]]:
        """Actors with a model each, loaded as `eval.models.load_model` does."""
        source = str(Path(name).absolute()) if Path(name).exists() else name  # actors may stand in another folder
        return self.actors(name, partial(_load, name, source, dtype, revision, versions()))


def check_actors(models: Sequence[str], ray: bool, actors: int | None) -> None:
    """Raise `InputError` for arguments that contradict one another, and where Ray is not installed."""
    if actors and not ray:
        raise InputError("--actors says how many actors --ray may use; give --ray too, or drop it")
    if not ray:
        return
    for name in models:
        if name.startswith(ENDPOINT):
            raise InputError(
                f"--ray spreads models that are loaded here, and {name} is behind an endpoint, which takes several "
                "requests at once by itself; drop --ray"
            )
    if find_spec("ray") is None:
        raise InputError(INSTALL)


@contextmanager
def cluster(actors: int | None = None) -> Iterator[Cluster]:
    """Join the cluster that RAY_ADDRESS names, or start one here, and leave or stop it in the end.

    Args:
        actors: at most so many; by default one for each GPU, or one where there are none.

    Raises:
        InputError: Ray is not installed, the cluster cannot be reached, or has no room for so many.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # as Ray will do; it warns until it is said
    try:
        import ray
    except ImportError as error:
        raise InputError(INSTALL) from error
    address = os.environ.get(ADDRESS, "")
    _check_address(address)
    local = {"include_dashboard": False, "object_store_memory": STORE}
    try:
        ray.init(address or "local", log_to_driver=False, logging_level="ERROR", **({} if address else local))
    except (ConnectionError, ValueError, RuntimeError, OSError, ray.exceptions.RayError) as error:
        what = f"the Ray cluster at {ADDRESS}={address} cannot be joined" if address else "Ray cannot start here"
        raise InputError(f"{what}: {one_line(error)}") from error
    ray._private.worker._worker_logs_enabled = False  # else news of dead processes goes to stdout, among the results
    try:
        yield _shared(ray.nodes(), actors)
    finally:
        ray.shutdown()


def _check_address(address: str) -> None:
    """Raise `InputError` for addresses at which Ray would try for minutes, or work otherwise than was tried."""
    if "://" in address:
        raise InputError(
            f"{ADDRESS}={address} is no address to join a cluster by; on a machine of the cluster give HEAD:6379, or "
            "start the command with ray job submit"
        )
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal():
        return  # what Ray says of it
    try:
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()
    except OSError as error:
        raise InputError(f"nobody answers at {ADDRESS}={address} ({error.strerror or error}); is Ray up?") from error


def _shared(nodes: Sequence[dict[str, Any]], actors: int | None) -> Cluster:
    """Room for `actors` on these machines; on CPUs each has as many threads as all of them can have."""
    rooms = [(int(n["Resources"].get("CPU", 0)), int(n["Resources"].get("GPU", 0))) for n in nodes if n["Alive"]]
    if gpus := sum(gpus for _, gpus in rooms):
        room, what, share = gpus, "GPUs", {"num_cpus": 1, "num_gpus": 1}
    else:
        room, what, share = sum(cpus for cpus, _ in rooms), "CPUs", {"num_cpus": _threads(rooms, actors or 1)}
    if (actors or 1) > room:
        raise InputError(f"--actors {actors or 1} is more than the {room} {what} of the Ray cluster; give at most that")
    return Cluster(actors or gpus or 1, share)


def _threads(rooms: Sequence[tuple[int, int]], actors: int) -> int:
    most = max((cpus for cpus, _ in rooms), default=1)
    fitting = (n for n in range(most, 0, -1) if sum(cpus // n for cpus, _ in rooms) >= actors)
    return next(fitting, 1)


def _load(name: str, source: str, dtype: str, revision: str | None, wanted: dict[str, str]) -> OpenWeights:
    """The model, by the name that a user typed, where packages are those that the run will say it had."""
    if unlike := [f"{package} {have}, not {wanted[package]}" for package, have in versions().items()
                  if have != wanted[package]]:  # fmt: skip
        raise ModelError(f"{node()} of the Ray cluster has {', '.join(unlike)}; install the same on all machines")
    model = load_model(source, dtype=dtype, revision=revision)
    if not isinstance(model, OpenWeights):
        raise ModelError(f"{name} gives no open weights; drop --ray")
    model.name = name
    return model
