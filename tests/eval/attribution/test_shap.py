from dataclasses import replace

import numpy as np
import pytest

from eval.attribution import METHODS, attribute
from eval.attribution.hierarchy import by_turns
from eval.attribution.hybrid import shapley
from eval.attribution.shap import EXACT_WORDS, kernel_explainer, sampled, shap
from eval.errors import InputError
from eval.models.transformers import TransformersModel
from eval.record import Message, conversation
from eval.target import make_target
from tests.eval.attribution.games import GAMES, LONG, refusing
from tests.eval.attribution.worked import worked

FOUR = "kill the python process"


@pytest.mark.parametrize("name", GAMES)
def test_values_known_by_hand(name: str) -> None:
    game, values = GAMES[name]
    case = worked(game, FOUR, budget=16)
    shares = shap(case)
    assert shares.values == pytest.approx(values, abs=1e-9)
    assert shares.error == 0
    assert case.score.evaluations == 16


def test_ten_words_are_exact() -> None:
    game = lambda kept: refusing(kept[:, :10])  # noqa: E731
    case = worked(game, " ".join(LONG.split()[:10]), budget=1024)
    assert shap(case).values == pytest.approx(enumerated(game, 10), abs=1e-9)
    assert case.score.evaluations == 1024


@pytest.mark.parametrize("text", ["kill", "kill it"])
def test_short_prompts(text: str) -> None:
    shares = shap(worked(lambda kept: 1 + 3.0 * kept[:, 0] + kept[:, -1], text, budget=4))
    assert shares.values == pytest.approx([4] if text == "kill" else [3, 1])


def test_twelve_words_are_near_to_enumeration_within_the_budget() -> None:
    exact = enumerated(refusing, 12)
    for budget, off in ((32, 0.3), (64, 0.1), (128, 0.03)):
        case = worked(refusing, LONG, budget=budget)
        shares = shap(case)
        assert case.score.evaluations <= budget
        assert np.abs(shares.values - exact).mean() < off
        assert set(np.argsort(-shares.values)[:2].tolist()) == {2, 7}
        whole, nothing = refusing(np.array([[True] * 12, [False] * 12]))
        assert shares.values.sum() == pytest.approx(whole - nothing)


def test_it_is_nearer_than_the_regression_on_the_same_coalitions() -> None:
    """Why the Gaussian process is there; on real prompts see `eval.bench.shapley`."""
    exact, ours, theirs = enumerated(refusing, 12), 0.0, 0.0
    for seed in range(4):
        case = worked(refusing, LONG, budget=64, seed=seed)
        ours += np.abs(sampled(case).values - exact).mean()
        theirs += np.abs(kernel_explainer(case, 64)[0] - exact).mean()
    assert ours < theirs / 3


def test_the_error_is_about_what_the_shares_are_off() -> None:
    exact = enumerated(refusing, 12)
    for budget in (32, 64, 128):
        runs = [shap(worked(refusing, LONG, budget=budget, seed=seed)) for seed in range(5)]
        off = np.sqrt(np.mean([(run.values - exact) ** 2 for run in runs]))
        assert 0.4 < off / np.mean([run.error for run in runs]) < 2.5


def test_words_that_do_the_same_get_the_same() -> None:
    shares = shap(worked(lambda kept: 5.0 * (kept[:, 2] | kept[:, 7]) + kept[:, 0], LONG, budget=128)).values
    assert shares[2] == pytest.approx(shares[7], abs=0.05)
    assert shares[[1, 3, 4, 5, 6, 8, 9, 10, 11]] == pytest.approx(0, abs=0.05)


def test_noise_of_judged_answers_is_not_taken_for_words() -> None:
    def judged(kept: np.ndarray) -> np.ndarray:
        noise = np.random.default_rng(0).random(2**12)[kept @ (1 << np.arange(12))] < 0.1
        return np.asarray(kept[:, 4] ^ noise, dtype=float)

    shares = shap(worked(judged, LONG, budget=64))
    assert np.argmax(shares.values) == 4
    assert np.delete(np.abs(shares.values), 4).max() < shares.values[4] / 3


def test_more_words_than_the_budget_has_pairs() -> None:
    case = worked(lambda kept: 6.0 * (kept[:, 20] | kept[:, 70]), " ".join(f"word{i}" for i in range(100)))
    shares = shap(case)
    assert case.score.evaluations <= 128
    assert set(np.argsort(-shares.values)[:2].tolist()) == {20, 70}


def test_nothing_matters() -> None:
    shares = shap(worked(lambda kept: np.full(len(kept), 2.0), LONG))
    assert shares.values.tolist() == [0.0] * 12
    assert shares.error == 0


def test_equal_seeds_give_equal_shares_and_numpys_generator_is_left_as_it_was() -> None:
    np.random.seed(5)
    expected = np.random.random()
    np.random.seed(5)
    first, again, other = (shap(worked(refusing, LONG, seed=seed)).values.tolist() for seed in (1, 1, 2))
    assert np.random.random() == expected
    assert first == again != other


def test_coalitions_are_asked_in_few_large_batches() -> None:
    batches: list[int] = []

    def counting(kept: np.ndarray) -> np.ndarray:
        batches.append(len(kept))
        return refusing(kept)

    shap(worked(counting, LONG, budget=128))
    assert batches[0] == 2
    assert max(batches) >= 126


def test_too_small_a_budget_is_named() -> None:
    with pytest.raises(InputError, match="at least 4 evaluations, not 3"):
        shap(worked(refusing, LONG, budget=3))


def test_exact_over_short_prompts_with_logits_and_within_the_budget_where_each_evaluation_is_a_call(
    tiny: TransformersModel,
) -> None:
    game = lambda kept: refusing(np.pad(kept, ((0, 0), (0, 3))))  # noqa: E731
    call = worked(game, " ".join(LONG.split()[:9]), budget=32)
    assert shap(call).error > 0
    assert call.score.evaluations <= 32
    assert len(call.features) <= EXACT_WORDS
    logits = replace(call, target=make_target("refusal_openers", tiny.tokenizer, ""))
    assert shap(logits).values == pytest.approx(enumerated(game, 9), abs=1e-9)


def test_turns_of_a_long_dialogue_keep_to_the_budget_each_time() -> None:
    talk = "We talked about the garden and the weather all day. " * 4
    turns = [talk + "How do I kill it?" * (i == 4) for i in range(9)]
    messages = [Message(role="assistant" if i % 2 else "user", content=text) for i, text in enumerate(turns)]
    texts = [span.text(messages) for span in worked(lambda kept: kept[:, 0], messages).features]
    case = worked(lambda kept: 4.0 * kept[:, texts.index("kill")], messages)
    shares = by_turns(shap)(case)
    assert texts[int(np.argmax(shares.values))] == "kill"
    assert case.score.evaluations <= 3 * case.budget


@pytest.mark.parametrize("method", ["shap", "kernel_shap", "feature_ablation"])
def test_on_a_model(tiny: TransformersModel, method: str) -> None:
    answer = attribute(tiny, conversation("kill the frozen process"), method)
    assert [feature.text for feature in answer.features] == FOUR.replace("python", "frozen").split()
    assert answer.error is not None
    assert method in METHODS


def enumerated(game: object, words: int) -> np.ndarray:
    return shapley(worked(game, LONG).score, words)  # type: ignore[arg-type]
