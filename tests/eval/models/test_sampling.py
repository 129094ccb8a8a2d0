"""Draws: what they follow, and what they depend on."""

from collections import Counter

import pytest
import torch

from eval.models.sampling import GumbelNoise
from eval.models.transformers import TransformersModel
from eval.record import Conversation, conversation
from tests.eval.models.memory import runs_out

ASKED = [conversation(text) for text in ("How do I kill it?", "Hi", "A much longer question than the others, is it?")]


def texts(model: TransformersModel, asked: list[Conversation], seeds: list[int], temperature: float = 1.0) -> list[str]:
    return [reply.text for reply in model.generate(asked, 8, temperature=temperature, seeds=seeds)]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_draws_follow_the_distribution_at_the_temperature(temperature: float) -> None:
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0])
    count = 4000
    noise = GumbelNoise(temperature, range(count), count)
    noise.begin(range(count))
    noisy = noise(range(count), logits.expand(count, 4))
    drawn = Counter(noisy.argmax(-1).tolist())
    wanted = torch.softmax(logits / temperature, -1).tolist()
    for token, share in enumerate(wanted):
        assert drawn[token] / count == pytest.approx(share, abs=4 * (share * (1 - share) / count) ** 0.5)


def test_a_seed_gives_the_same_answer_whatever_else_is_asked(tiny: TransformersModel) -> None:
    together = texts(tiny, ASKED, [5, 6, 7])
    assert [texts(tiny, [one], [seed])[0] for one, seed in zip(ASKED, (5, 6, 7), strict=True)] == together
    assert texts(tiny, ASKED[::-1], [7, 6, 5]) == together[::-1]
    assert texts(tiny, ASKED, [8, 9, 10]) != together


def test_nearly_no_temperature_is_nearly_greedy(tiny: TransformersModel) -> None:
    assert texts(tiny, ASKED, [1, 2, 3], 1e-6) == [reply.text for reply in tiny.generate(ASKED, 8)]


def test_the_noise_is_new_at_every_token_and_the_same_where_an_answer_begins_again() -> None:
    noise, logits = GumbelNoise(1.0, [3], 1), torch.zeros(1, 50)
    noise.begin([0])
    first, second = noise([0], logits), noise([0], logits)
    assert not torch.equal(first, second)
    noise.begin([0])
    assert torch.equal(noise([0], logits), first)


def test_each_conversation_needs_a_seed(tiny: TransformersModel) -> None:
    with pytest.raises(ValueError, match="1 seeds for 3 conversations"):
        texts(tiny, ASKED, [1])


def test_halves_of_a_batch_keep_their_seeds(tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = texts(tiny, ASKED, [5, 6, 7])
    sizes: list[int] = []
    runs_out(tiny, 1, sizes, monkeypatch)
    assert texts(tiny, ASKED, [5, 6, 7]) == expected
    assert set(sizes) == {1}


def test_models_that_are_left_to_transformers_draw_the_same(
    tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = texts(tiny, ASKED, [5, 6, 7])
    monkeypatch.setattr(tiny, "decodable", False)
    assert texts(tiny, ASKED, [5, 6, 7]) == expected
