"""Work that borrows a GPU, here without one: what is asked and told pickles, and comes to the same."""

import pickle
from functools import partial

import pytest

from eval.errors import ModelError
from eval.mitigation import Request, named
from eval.mitigation.guard import Decision
from eval.models.transformers import TransformersModel
from eval.record import Span, conversation
from space_app.engine import zero
from space_app.engine.asking import _attributed
from space_app.engine.loaded import Local
from space_app.engine.steps import Doing, Writing
from space_app.engine.visit import Visit
from space_app.engine.zero import Borrowed, Result

REQUEST = Request(conversation("How do I kill a process?"), [Span(turn=0, start=9, end=13)])


@pytest.fixture
def borrowed(tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> Borrowed:
    """As on ZeroGPU, where all goes through queues."""
    on_gpu = zero.on_gpu

    def pickled(task: zero.Task) -> object:
        for one in on_gpu(pickle.loads(pickle.dumps(task))):
            yield pickle.loads(pickle.dumps(one))

    monkeypatch.setattr(zero, "on_gpu", pickled)
    return Borrowed(tiny, 64)


@pytest.mark.parametrize("mitigation", ["none", "steer:0.5", "rephrase", "ignore_word"])
def test_an_answer_is_the_same(borrowed: Borrowed, tiny: TransformersModel, mitigation: str) -> None:
    visit, local, parts = Visit(), Local(tiny, 64), named(mitigation)
    own = local.write(Visit(), REQUEST, parts, tokens=6)
    found = borrowed.write(visit, REQUEST, parts, tokens=6, stream=True)
    local.close()
    assert (found.text, found.tokens, found.finish) == (own.text, own.tokens, own.finish)
    assert isinstance(visit.told.get_nowait(), Writing)


def test_work_and_its_steps(borrowed: Borrowed) -> None:
    visit = Visit()
    found = borrowed.turn(visit, partial(_attributed, REQUEST.sent, "ablation", ""))
    assert [feature.text for feature in found.features][3] == "kill"
    assert isinstance(step := visit.told.get_nowait(), Doing) and step.total


def test_a_gpu_is_asked_for_as_long_as_the_work_takes(tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def noted(task: zero.Task) -> list[Result]:
        asked.append(zero._seconds(task))
        return [Result()]

    monkeypatch.setattr(zero, "on_gpu", noted)
    borrowed = Borrowed(tiny, 64)
    for tokens in (1, None, 512):
        borrowed.write(Visit(), REQUEST, tokens=tokens)
    borrowed.turn(Visit(), partial(_attributed, REQUEST.sent, "ablation", ""))
    assert asked == [11, 17, 62, 70]


def test_errors_reach_the_visitor_as_a_line(borrowed: Borrowed) -> None:
    with pytest.raises(ModelError, match="shorten"):
        borrowed.write(Visit(), Request(conversation("fox " * 600), []))
    borrowed.close()
    assert not zero._HELD


def test_what_comes_back_pickles() -> None:
    told = Result(Decision(True, harm=-2.0))
    assert pickle.loads(pickle.dumps(told)) == told
    assert not zero.ZERO, "this machine lends no GPU"
