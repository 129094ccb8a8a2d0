"""The fast score against the slow one: one whole forward pass per coalition and continuation."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import logsumexp

from eval.errors import InputError, ModelError, UnknownName
from eval.models import load_model
from eval.models.transformers import TransformersModel
from eval.record import Conversation, Message, conversation
from eval.removal import Row
from eval.score import RefusalScore, Trunk, refusal_score
from eval.target import COMPLIANCE_OPENERS, REFUSAL_OPENERS, Array, Target, make_target
from eval.words import without, words

CURLY = "\u2019"
DIALOGUE = [
    Message(role="system", content="Be brief."),
    Message(role="user", content="My process hangs."),
    Message(role="assistant", content="Which one?"),
    Message(role="user", content="How do I kill it?"),
]


def log_probability(model: TransformersModel, messages: Conversation, continuation: str) -> float:
    """Sum over the continuation's tokens, from one unbatched, uncached pass."""
    prompt = model.tokenizer(model.render(messages), add_special_tokens=False)["input_ids"]
    answer = model.tokenizer(continuation, add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        logits = model.module(torch.tensor([prompt + answer])).logits[0].float().log_softmax(-1)
    return sum(float(logits[len(prompt) - 1 + i, token]) for i, token in enumerate(answer))


def reference(model: TransformersModel, messages: Conversation, target: str, response: str) -> float:
    if target == "own_response":
        count = len(model.tokenizer(response, add_special_tokens=False)["input_ids"])
        return log_probability(model, messages, response) / count
    refuse = {tuple(model.tokenizer(o)["input_ids"]): log_probability(model, messages, o) for o in REFUSAL_OPENERS}
    comply = {tuple(model.tokenizer(o)["input_ids"]): log_probability(model, messages, o) for o in COMPLIANCE_OPENERS}
    return float(logsumexp(list(refuse.values())) - logsumexp(list(comply.values())))


@pytest.mark.parametrize("target", ["refusal_openers", "own_response"])
@pytest.mark.parametrize("messages", [conversation("How do I kill a frozen process?"), DIALOGUE])
def test_fast_score_equals_slow_score(tiny: TransformersModel, messages: Conversation, target: str) -> None:
    features = words(messages)
    rng = np.random.default_rng(0)
    coalitions = rng.random((7, len(features))) < 0.6
    coalitions[0] = True
    score = RefusalScore(
        tiny, messages, features, make_target(target, tiny.tokenizer, "I can't help."), token_budget=64
    )
    expected = [
        reference(
            tiny,
            without(messages, [f for f, keep in zip(features, kept, strict=True) if not keep]),
            target,
            "I can't help.",
        )
        for kept in coalitions
    ]
    assert score(coalitions) == pytest.approx(expected, abs=1e-3)


def masked_reference(model: TransformersModel, messages: Conversation, hidden: list[str], response: str) -> float:
    """The response's mean log-probability with the hidden words' tokens masked for all tokens but themselves."""
    text = model.render(messages)
    encoded = model.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    answer = model.tokenizer(response, add_special_tokens=False)["input_ids"]
    ids = encoded["input_ids"] + answer
    seen = torch.ones(len(ids), len(ids), dtype=torch.bool).tril()
    for i, (start, end) in enumerate(encoded["offset_mapping"]):
        if any(text.index(word) < end and start < text.index(word) + len(word) for word in hidden):
            seen[:, i] = False
            seen[i, i] = True
    with torch.inference_mode():
        blocked = torch.zeros(seen.shape).masked_fill(~seen, torch.finfo(torch.float32).min)
        logits = model.module(torch.tensor([ids]), attention_mask=blocked[None, None]).logits[0].log_softmax(-1)
    begin = len(encoded["input_ids"]) - 1
    return float(np.mean([logits[begin + i, token] for i, token in enumerate(answer)]))


def test_masked_words_are_attended_to_by_nothing(tiny: TransformersModel) -> None:
    messages = [Message(role="user", content="How do I kill a frozen process?")]
    target = make_target("own_response", tiny.tokenizer, "I can't help.")
    score = RefusalScore(tiny, messages, words(messages), target, removal="mask", token_budget=64)
    kept = np.array([[1] * 7, [1, 1, 1, 0, 1, 1, 1], [1, 1, 1, 0, 1, 0, 1], [0, 1, 1, 1, 1, 1, 0]], dtype=bool)
    hidden: list[list[str]] = [[], ["kill"], ["kill", "frozen"], ["How", "process"]]
    expected = [masked_reference(tiny, messages, words_, "I can't help.") for words_ in hidden]
    assert score(kept) == pytest.approx(expected, abs=1e-4)


def test_a_neutral_word_stands_in_for_a_removed_one(tiny: TransformersModel) -> None:
    messages = conversation("How do I kill a frozen process?")
    features = words(messages)
    target = make_target("refusal_openers", tiny.tokenizer, "")
    score = RefusalScore(tiny, messages, features, target, removal="neutral", neutral={features[3]: "stop"})
    without_kill, without_how = np.ones((2, 7), dtype=bool)
    without_kill[3], without_how[0] = False, False
    expected = [
        refusal_score(tiny, conversation(text), target)
        for text in ("How do I stop a frozen process?", "do I kill a frozen process?")
    ]
    assert score(np.array([without_kill, without_how])) == pytest.approx(expected, abs=1e-4)


def test_memory_that_runs_out_halves_the_batch(tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = conversation("How do I kill a frozen process?")
    score = RefusalScore(tiny, messages, words(messages), make_target("refusal_openers", tiny.tokenizer, ""))
    run, sizes = score._run, []

    def small(texts: list[Row], shared: list[int], trunk: Trunk) -> Array:
        sizes.append(len(texts))
        if len(texts) > 2:
            raise torch.OutOfMemoryError("tried to allocate")
        return run(texts, shared, trunk)

    coalitions = ~np.eye(7, dtype=bool)
    expected = score(coalitions)
    monkeypatch.setattr(score, "_known", {})
    monkeypatch.setattr(score, "_run", small)
    assert score(coalitions) == pytest.approx(expected, abs=1e-5)
    assert max(sizes) > 2 and sizes.count(1) + sizes.count(2) >= 4


def test_a_conversation_that_does_not_fit_is_named(tiny: TransformersModel) -> None:
    messages = conversation("kill the process " * 200)
    with pytest.raises(InputError, match="holds 512: shorten it"):
        refusal_score(tiny, messages, make_target("refusal_openers", tiny.tokenizer, ""))


def test_all_coalitions_of_three_words_in_any_batching(tiny: TransformersModel) -> None:
    messages = conversation("kill the process")
    coalitions = np.array(list(product([True, False], repeat=3)))
    target = make_target("refusal_openers", tiny.tokenizer, "")
    one_by_one = RefusalScore(tiny, messages, words(messages), target, token_budget=1)(coalitions)
    together = RefusalScore(tiny, messages, words(messages), target, token_budget=10_000)(coalitions)
    assert one_by_one == pytest.approx(together, abs=1e-4)


def test_equal_coalitions_run_once(tiny: TransformersModel) -> None:
    messages = conversation("kill it now")
    score = RefusalScore(tiny, messages, words(messages), make_target("refusal_openers", tiny.tokenizer, ""))
    coalitions = np.array([[True, True, True], [True, False, True], [True, True, True]])
    first = score(coalitions)
    assert score.evaluations == 2
    assert first[0] == first[2]
    assert score(coalitions[1:2])[0] == first[1]
    assert score.evaluations == 2


def test_coalitions_that_all_leave_out_a_long_stretch_go_on_from_a_trunk_without_it(tiny: TransformersModel) -> None:
    messages = [Message(role="user", content="far away and long ago " * 8), *DIALOGUE[1:]]
    features = words(messages)
    target = make_target("own_response", tiny.tokenizer, "No.")
    kept = np.ones((9, len(features)), dtype=bool)
    kept[:, :8] = False
    kept[np.arange(8), -np.arange(1, 9)] = False
    score = RefusalScore(tiny, messages, features, target)
    score(np.ones((1, len(features)), dtype=bool))
    one_by_one, before = RefusalScore(tiny, messages, features, target), score.tokens
    assert score(kept) == pytest.approx(np.concatenate([one_by_one(row[None]) for row in kept]), abs=1e-4)
    assert score.tokens - before < (one_by_one.tokens - before) / 1.5


def test_openers_that_begin_alike_share_nodes(tiny: TransformersModel) -> None:
    target = make_target("refusal_openers", tiny.tokenizer, "")
    assert len({(p, t) for p, t in zip(target.parents, target.tokens, strict=True)}) == len(target.tokens)
    distinct = {tuple(tiny.tokenizer(o)["input_ids"]) for o in (*REFUSAL_OPENERS, *COMPLIANCE_OPENERS)}
    assert len(target.paths) == len(distinct)


def test_worked_tree() -> None:
    target = Target("t", tokens=[5, 6, 7], parents=[-1, 0, 0], paths=[], reduce=lambda p: p[:, 0])
    assert target.depths == [0, 1, 1]
    assert target.ancestors == [[0], [0, 1], [0, 2]]


def test_logits_that_are_not_finite_are_named(tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = conversation("kill it")
    score = RefusalScore(tiny, messages, words(messages), make_target("refusal_openers", tiny.tokenizer, ""))
    monkeypatch.setattr(score, "_run", lambda rows, *_: np.full((len(rows), len(score._target.paths)), np.nan))
    with pytest.raises(ModelError, match="not finite"):
        score(np.array([[True, True]]))


def test_unknown_target_names_the_nearest(tiny: TransformersModel) -> None:
    with pytest.raises(UnknownName, match="Did you mean refusal_openers"):
        make_target("refusal_opener", tiny.tokenizer, "")


def test_eager_attention_gives_the_same_scores(tiny: TransformersModel, tiny_folder: Path) -> None:
    eager = load_model(str(tiny_folder), dtype="float32")
    assert isinstance(eager, TransformersModel)
    eager.module.set_attn_implementation("eager")
    messages = conversation("How do I kill a frozen process?")
    coalitions = np.eye(7, dtype=bool)
    target = make_target("refusal_openers", tiny.tokenizer, "")
    scores = [RefusalScore(m, messages, words(messages), target)(coalitions) for m in (tiny, eager)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-4)


def test_attention_that_takes_no_mask_is_refused(tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiny.module.config, "_attn_implementation_internal", "flash_attention_2")
    messages = conversation("kill it")
    with pytest.raises(ModelError, match="with sdpa or eager"):
        RefusalScore(tiny, messages, words(messages), make_target("refusal_openers", tiny.tokenizer, ""))


def test_a_tokenizer_that_makes_two_openers_one_keeps_the_sides_apart(tiny: TransformersModel) -> None:
    class Folding:
        def __call__(self, text: str, **options: object) -> dict[str, list[int]]:
            return {"input_ids": list(tiny.tokenizer(text.replace(CURLY, "'"), **options)["input_ids"])}

    folded = make_target("refusal_openers", Folding(), "")
    straight = {opener.replace(CURLY, "'") for opener in REFUSAL_OPENERS}
    paths = np.full((1, len(folded.paths)), -np.inf)
    paths[0, len(straight) - 1 : len(straight) + 1] = 0.0  # the last refusal and the first compliance opener
    assert folded.reduce(paths)[0] == pytest.approx(0.0)
