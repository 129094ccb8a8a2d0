"""How often and how much at once: what is too much says so, and how long to wait."""

import pytest

from eval.errors import XsbError
from space_app import rate as module
from space_app.rate import Rate, Together


def test_the_minute_slides() -> None:
    now = [0.0]
    rate = Rate(2, lambda: now[0])
    rate.count("a")
    now[0] = 40.0
    rate.count("a")
    with pytest.raises(XsbError, match="2 questions a minute from a visitor; wait 21 s"):
        rate.count("a")
    rate.count("b")  # has a minute of their own
    now[0] = 61.0
    rate.count("a")  # the first is forgotten, the one refused was not counted
    with pytest.raises(XsbError, match="wait 40 s"):
        rate.count("a")


def test_only_so_many_visitors_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "VISITORS", 3)
    rate = Rate(1, lambda: 0.0)
    for visitor in ("a", "b", "c", "d"):
        rate.count(visitor)
    assert list(rate._asked) == ["b", "c", "d"]


def test_one_visitor_does_not_take_all_places() -> None:
    together = Together(2)
    third = pytest.raises(XsbError, match="wait for one of them")
    with together.one("me"), together.one("me"), together.one("you"), third, together.one("me"):
        pass
    with together.one("me"), together.one("me"):
        pass
