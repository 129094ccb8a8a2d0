"""Accounts: how many are asked at a time, equal requests once, and never more than a budget allows."""

import pytest

from eval.errors import BudgetSpent, EndpointError
from eval.models.account import Account, paying
from eval.models.budget import Limits
from eval.models.ledger import Ledger
from eval.models.openai import OpenAIModel
from tests.eval.models.asking import GOOD, asked
from tests.scripted import scripted


def test_as_many_at_a_time_as_allowed() -> None:
    with scripted(lambda _: GOOD, seconds=0.2) as server:
        OpenAIModel("openai:m", server.url, concurrency=3).generate(asked(9))
        assert server.most == 3
        with paying(Account(limits=Limits(5))):
            OpenAIModel("openai:m", server.url, concurrency=3).generate(asked(9))
        assert server.most == 5


def test_equal_requests_are_asked_once_also_when_under_way() -> None:
    with scripted(lambda _: GOOD, seconds=0.2) as server, paying(Account(Ledger())):
        model = OpenAIModel("openai:m", server.url)
        model.generate([*asked(2), *asked(2)])
        model.generate(asked(3))
        model.generate(asked(3), max_new_tokens=7)
    assert len(server.asked) == 3 + 3


def test_without_an_account_nothing_is_kept() -> None:
    with scripted(lambda _: GOOD) as server:
        model = OpenAIModel("openai:m", server.url)
        model.generate(asked(1))
        model.generate(asked(1))
    assert len(server.asked) == 2


@pytest.mark.parametrize("told", [{"max_requests": 3}, {"max_tokens_total": 100}])
def test_a_budget_is_never_exceeded_and_larger_ones_go_on(told: dict[str, int]) -> None:
    ledger = Ledger()
    with scripted(lambda _: GOOD) as server:
        for times in (1, 2):
            limits = Limits(4, **{name: most * times for name, most in told.items()})
            with (
                paying(Account(ledger, limits)),
                pytest.raises(BudgetSpent, match=r"stopped before --max-\w+") as error,
            ):
                OpenAIModel("openai:m", server.url).generate(asked(40), 10)
            assert len(ledger.calls) == len(server.asked)
            assert 0 < len(ledger.calls) <= (limits.max_requests or 40)
            assert sum(ledger.paid) <= (limits.max_tokens_total or 10**9)
            assert f"({len(ledger.calls)} requests, {sum(ledger.paid)} tokens paid)" in str(error.value)
    assert len(server.asked) >= 2


def test_a_budget_of_tokens_needs_an_endpoint_that_counts_them() -> None:
    silent = {**GOOD[1], "usage": None}
    ledger = Ledger()
    with (
        scripted(lambda _: (200, silent)) as server,
        paying(Account(ledger, Limits(1, 9999))),
        pytest.raises(EndpointError, match="use --max-requests"),
    ):
        OpenAIModel("openai:m", server.url).generate(asked(9))
    assert 0 < len(ledger.calls) == len(server.asked) < 9, "what was paid for is kept"
