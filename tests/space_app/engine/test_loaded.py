"""A model and its thread: answers written together, each as alone; who leaves frees it; errors stay one's own."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Event
from typing import Any

import pytest

from eval.errors import XsbError
from eval.mitigation import Mitigation, Request, named
from eval.models.protocol import Model
from eval.models.transformers import TransformersModel
from eval.record import Span, conversation
from space_app.engine.loaded import Local
from space_app.engine.steps import Waiting, Writing
from space_app.engine.visit import Gone, Visit

PROMPTS = ["the quick brown fox", "How do I kill a process?", "stop it", "I can help you with that fox"]


@pytest.fixture
def local(tiny: TransformersModel) -> Iterator[Local]:
    found = Local(tiny, 64)
    yield found
    found.close()


@pytest.fixture
def batches(tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many answers the model was asked for, each time."""
    sizes: list[int] = []
    generate = tiny.generate

    def counted(conversations: Any, *args: Any, **more: Any) -> Any:
        sizes.append(len(conversations))
        return generate(conversations, *args, **more)

    monkeypatch.setattr(tiny, "generate", counted)
    return sizes


def hold(local: Local) -> Event:
    """Keep the thread busy until the event is set."""
    busy, go = Event(), Event()

    def work(_model: Model, _visit: Visit) -> None:
        busy.set()
        go.wait(10)

    threading.Thread(target=local.turn, args=(Visit(), work)).start()
    assert busy.wait(5)
    return go


def kill(prompt: str) -> Request:
    at = prompt.find("kill")
    return Request(conversation(prompt), [Span(turn=0, start=at, end=at + 4)] if at >= 0 else [])


def put(local: Local, count: int) -> None:
    """Wait until so many things wait for the thread."""
    while local._worker._queue.qsize() < count:
        pass


def test_what_waits_is_written_together_and_as_alone(local: Local, tiny: TransformersModel, batches: list[int]) -> None:
    alone = [tiny.generate([conversation(text)], 4 + at)[0].text for at, text in enumerate(PROMPTS)]
    del batches[:]
    go = hold(local)
    with ThreadPoolExecutor() as pool:
        asked = [
            pool.submit(local.write, Visit(), Request(conversation(text), []), (), 4 + at)
            for at, text in enumerate(PROMPTS)
        ]
        put(local, 4)
        go.set()
        replies = [one.result() for one in asked]
    assert [reply.text for reply in replies] == alone
    assert [reply.tokens for reply in replies] == [4, 5, 6, 7]
    assert batches == [4], "answers of different lengths, all at once"


def test_steered_rows_share_a_batch_with_others_but_not_with_other_strengths(
    local: Local, tiny: TransformersModel, batches: list[int]
) -> None:
    steer, strong, ignore = named("steer:0.5"), named("steer"), named("ignore_word")
    with steer[0].around(tiny, [kill(PROMPTS[1])]):
        steered = tiny.generate([conversation(PROMPTS[1])], 8)[0].text
    own = tiny.generate([conversation(PROMPTS[1])], 8)[0].text
    assert steered != own
    del batches[:]
    go = hold(local)
    asked: list[tuple[list[Mitigation], str]] = [([], own), (steer, steered), (ignore, own), (steer, steered)]
    with ThreadPoolExecutor() as pool:
        found = [pool.submit(local.write, Visit(), kill(PROMPTS[1]), how, 8) for how, _ in asked]
        put(local, 4)
        other = pool.submit(local.write, Visit(), kill(PROMPTS[1]), strong, 8)
        put(local, 5)
        go.set()
        assert [one.result().text for one in found] == [text for _, text in asked]
        other.result()
    assert sorted(batches) == [1, 4]


def test_an_answer_is_told_as_it_is_written(local: Local) -> None:
    visit = Visit()
    reply = local.write(visit, Request(conversation(PROMPTS[0]), []), tokens=12, stream=True)
    told = [visit.told.get_nowait() for _ in range(visit.told.qsize())]
    texts = [step.text for step in told if isinstance(step, Writing)]
    assert len(texts) == len(told) > 4 and texts[-1] == reply.text
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))
    assert reply.seconds > 0


def test_a_short_answer_does_not_wait_for_a_long_one(local: Local) -> None:
    visit, ended = Visit(), Event()
    go = hold(local)
    with ThreadPoolExecutor() as pool:
        long = pool.submit(local.write, visit, Request(conversation(PROMPTS[0]), []), (), 400)
        short = pool.submit(local.write, Visit(), Request(conversation(PROMPTS[2]), []), (), 1)
        short.add_done_callback(lambda _: ended.set())
        put(local, 2)
        go.set()
        assert ended.wait(5) and not long.done()
        visit.gone.set()


def test_who_leaves_frees_the_thread(local: Local, batches: list[int]) -> None:
    visit = Visit()
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(local.write, visit, Request(conversation(PROMPTS[0]), []), (), 400, True)
        assert isinstance(visit.told.get(timeout=5), Writing)
        visit.gone.set()
        with pytest.raises(Gone):
            asked.result(timeout=5)
    assert local.write(Visit(), Request(conversation(PROMPTS[1]), []), tokens=2).tokens == 2
    gone = Visit()
    gone.gone.set()
    with pytest.raises(Gone):
        local.write(gone, Request(conversation(PROMPTS[2]), []))
    local.turn(Visit(), lambda _model, _visit: None)
    assert batches == [1, 1], "nothing is written for who has gone before"


def test_what_was_written_for_who_has_left_is_no_answer(
    local: Local, tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit, generate = Visit(), tiny.generate

    def left_meanwhile(*args: Any, **more: Any) -> Any:
        visit.gone.set()
        return generate(*args, **more)

    monkeypatch.setattr(tiny, "generate", left_meanwhile)
    with pytest.raises(Gone):
        local.write(visit, Request(conversation(PROMPTS[0]), []), tokens=400)


def test_work_of_who_has_gone_is_not_done(local: Local) -> None:
    done: list[str] = []
    go, gone = hold(local), Visit()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(local.turn, gone, lambda _model, _visit: done.append("gone"))
        put(local, 1)
        gone.gone.set()
        last = pool.submit(local.turn, Visit(), lambda _model, _visit: done.append("here"))
        go.set()
        last.result(timeout=5)
        with pytest.raises(Gone):
            first.result(timeout=5)
    assert done == ["here"]


def test_errors_reach_who_asked_and_the_thread_goes_on(local: Local, tiny: TransformersModel) -> None:
    with pytest.raises(XsbError, match=r"holds 512 tokens; .*shorten"):
        local.write(Visit(), Request(conversation("fox " * 600), []))

    def fails(_model: Model, _visit: Visit) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        local.turn(Visit(), fails)

    def breaks(_model: Model, _requests: Any) -> Any:
        raise RuntimeError("a secret prompt")

    with pytest.raises(XsbError, match=r"^the model failed$"):
        local.write(Visit(), kill(PROMPTS[1]), [Mitigation(around=breaks)])
    assert local.write(Visit(), Request(conversation(PROMPTS[0]), []), tokens=3).tokens == 3
    assert local.turn(Visit(), lambda model, _visit: model) is tiny


def test_who_waits_is_told_of_places_until_it_is_their_turn(local: Local) -> None:
    visit = Visit()
    visit.before = lambda: 3
    go = hold(local)
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(local.write, visit, Request(conversation(PROMPTS[0]), []), (), 2, True)
        assert visit.told.get(timeout=5) == Waiting(3)
        go.set()
        asked.result()
    assert isinstance(visit.told.get_nowait(), Writing)


def test_answers_go_between_pieces_of_work(
    local: Local, tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    generate = tiny.generate

    def noted(*args: Any, **more: Any) -> Any:
        order.append("answer")
        return generate(*args, **more)

    monkeypatch.setattr(tiny, "generate", noted)
    go = hold(local)
    with ThreadPoolExecutor() as pool:
        for at in range(3):
            pool.submit(local.turn, Visit(), lambda _model, _visit, at=at: order.append(f"work {at}"))
            put(local, at + 1)
        pool.submit(local.write, Visit(), Request(conversation(PROMPTS[0]), []), (), 2)
        put(local, 4)
        go.set()
    assert sorted(order) == ["answer", "work 0", "work 1", "work 2"]
    assert order[-1] == "work 2" and "answer" in order[:3], "the answer waits for one piece of work at most"
