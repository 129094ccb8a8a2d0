"""How a cluster is shared between actors, and clusters that are none."""

import sys

import pytest

from eval.cli import app
from eval.errors import InputError
from eval.runs.cluster import INSTALL, Cluster, _shared, check_actors, cluster
from tests.conftest import free_port


def nodes(*rooms: tuple[int, int]) -> list[dict[str, object]]:
    """Machines with so many CPUs and GPUs, and a dead one."""
    there = [{"Alive": True, "Resources": {"CPU": float(cpus), **({"GPU": float(gpus)} if gpus else {})}}
             for cpus, gpus in rooms]  # fmt: skip
    return [*there, {"Alive": False, "Resources": {"CPU": 99.0, "GPU": 99.0}}]


@pytest.mark.parametrize(
    ("rooms", "actors", "wanted"),
    [
        ([(16, 0)], None, Cluster(1, {"num_cpus": 16})),
        ([(16, 0)], 3, Cluster(3, {"num_cpus": 5})),
        ([(16, 0), (16, 0)], 3, Cluster(3, {"num_cpus": 8})),
        ([(4, 0), (16, 0)], 5, Cluster(5, {"num_cpus": 4})),
        ([(2, 0)], 2, Cluster(2, {"num_cpus": 1})),
        ([(4, 0), (64, 8), (64, 8)], None, Cluster(16, {"num_cpus": 1, "num_gpus": 1})),
        ([(64, 8)], 3, Cluster(3, {"num_cpus": 1, "num_gpus": 1})),
    ],
)
def test_each_actor_has_a_gpu_or_its_share_of_threads(
    rooms: list[tuple[int, int]], actors: int | None, wanted: Cluster
) -> None:
    assert _shared(nodes(*rooms), actors) == wanted


@pytest.mark.parametrize(
    ("rooms", "actors", "message"),
    [
        ([(2, 0)], 3, "^--actors 3 is more than the 2 CPUs of the Ray cluster; give at most that$"),
        ([(64, 8)], 9, "^--actors 9 is more than the 8 GPUs of the Ray cluster; give at most that$"),
        ([(0, 0)], None, "^--actors 1 is more than the 0 CPUs"),
    ],
)
def test_more_actors_than_there_is_room_for(rooms: list[tuple[int, int]], actors: int | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        _shared(nodes(*rooms), actors)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (f"127.0.0.1:{free_port()}", "^nobody answers at RAY_ADDRESS=127.0.0.1:.* .Connection refused.; is Ray up.$"),
        ("http://127.0.0.1:8265", "is no address to join a cluster by; on a machine of the cluster give HEAD:6379"),
        ("nonsense", "^the Ray cluster at RAY_ADDRESS=nonsense cannot be joined: "),
    ],
)
def test_a_cluster_that_is_none(address: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(InputError, match=message) as error, cluster():
        pass
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--actors", "2"], "--actors says how many actors --ray may use; give --ray too"),
        (
            ["--ray", "--model", "skittish,openai:x"],
            "--ray spreads models that are loaded here, and openai:x is behind",
        ),
    ],
)
def test_options_that_contradict_each_other(options: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        app(["run", "--out", "o", *options], standalone_mode=False)


def test_without_ray_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"pip install 'xsb\[ray\]'$"), cluster():
        pass
    monkeypatch.setattr("eval.runs.cluster.find_spec", lambda _name: None)
    with pytest.raises(InputError) as error:
        check_actors(["skittish"], True, None)
    assert str(error.value) == INSTALL
