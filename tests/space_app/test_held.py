"""What is held: one fetch however many ask, and a failure that is not tried again by each."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from eval.errors import InputError
from space_app.held import Held


class Far:
    """Something far away that counts how often it is asked; `down` while it fails."""

    def __init__(self) -> None:
        self.asked, self.down = list[str](), False

    def __call__(self, name: str) -> str:
        self.asked.append(name)
        if self.down:
            raise InputError(f"{name} cannot be reached")
        return f"{name} {len(self.asked)}"


def test_what_was_found_holds_for_its_time_and_a_failure_for_its_own() -> None:
    now, far = [0.0], Far()
    held = Held(far, seconds=60, failed=30, clock=lambda: now[0])
    assert [held.get("a"), held.get("a"), held.get("b")] == ["a 1", "a 1", "b 2"]
    now[0], far.down = 60.0, True
    for _ in range(3):
        with pytest.raises(InputError, match="a cannot be reached"):
            held.get("a")
    assert far.asked == ["a", "b", "a"]
    far.down, now[0] = False, 90.0
    assert held.get("a") == "a 4"


def test_all_who_ask_at_once_wait_for_one_fetch_and_nobody_for_another_s() -> None:
    go, asked = Event(), list[str]()

    def slow(name: str) -> str:
        asked.append(name)
        assert name == "quick" or go.wait(10)
        raise InputError("down")

    held = Held(slow)
    with ThreadPoolExecutor(9) as pool:
        waiting = [pool.submit(held.get, "slow") for _ in range(8)]
        with pytest.raises(InputError):
            pool.submit(held.get, "quick").result(timeout=5)
        go.set()
        assert {str(one.exception(timeout=5)) for one in waiting} == {"down"}
    assert sorted(asked) == ["quick", "slow"]
