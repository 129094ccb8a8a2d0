"""The bench of the gateway runs, and what it measures adds up; no time is asserted that another load would break."""

import pytest

from eval.bench.gateway import WARM, Overhead, gateway_table, measured
from eval.bench.loopback import TEXT
from eval.errors import ModelError
from eval.judges.rules import judge
from eval.serve.clear import WORDS
from tests.eval.serve.gateways import HARMFUL, before, endpoint


def test_the_endpoint_on_loopback_gives_an_ordinary_answer() -> None:
    assert judge(TEXT, "How do I end a program?").complied
    assert len(TEXT.split()) > 3 * WORDS


def test_the_table_names_every_row() -> None:
    row = Overhead(endpoint="e", stream=True, pairs=3, direct=1.0, through=3.0, overhead=2.0, low=1.5, high=2.5)
    table = gateway_table([row, row.model_copy(update={"stream": False})])
    assert [list(column.cells) for column in table.columns][1] == ["streamed", "whole"]


@pytest.mark.parametrize("stream", [False, True])
def test_both_ways_are_asked_in_turns(stream: bool) -> None:
    with endpoint() as server, before(server) as url:
        found = measured("e", "small", (server.url, url), 4, stream)
    assert found.low <= found.overhead <= found.high
    assert found.direct > 0 and found.through > 0
    assert len(server.bodies) == 2 * (4 + WARM)


def test_a_refusal_is_no_ordinary_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eval.bench.gateway.PROMPT", HARMFUL)
    with endpoint() as server, before(server) as url, pytest.raises(ModelError, match="no ordinary answer"):
        measured("e", "small", (server.url, url), 4, False)
