"""Attribution: which words make the model refuse. Add a method by writing one file and naming it in `METHODS`."""

import math
import time
from collections.abc import Mapping

import numpy as np

from eval.attribution.ablation import ablation
from eval.attribution.attribution import BUDGET, REMOVAL, Attribution, Case, Feature, Method, Phrase, Shares
from eval.attribution.hierarchy import by_turns
from eval.attribution.phrases import phrases
from eval.errors import InputError, ModelError, UnknownName
from eval.models.protocol import Model, OpenWeights
from eval.record import Conversation, Span
from eval.words import words

METHODS: dict[str, Method] = {"ablation": by_turns(ablation)}

__all__ = ["METHODS", "Attribution", "Case", "Feature", "Phrase", "Shares", "attribute", "check_open"]


def attribute(
    model: Model,
    messages: Conversation,
    method: str = "ablation",
    target: str = "refusal_openers",
    response: str = "",
    *,
    removal: str = REMOVAL,
    neutral: Mapping[Span, str] | None = None,
    budget: int = BUDGET,
    seed: int = 0,
) -> Attribution:
    """Every word's share in the model's refusal.

    Args:
        model: with open weights.
        messages: the conversation whose last turn is the user's.
        method: a name in `METHODS`.
        target: a name in `eval.target.TARGETS`.
        response: the model's own response, for the target `own_response`.
        removal: how words are removed, a name in `eval.removal.REMOVALS`.
        neutral: what stands in place of some words, for the removal `neutral`.
        budget: about how many evaluations a method that samples may ask for.
        seed: of the sampling.

    Raises:
        UnknownName: no such method, target or removal.
        ModelError: the model gives no logits, or logits that are not finite.
        InputError: there is no word to blame, or the conversation does not fit the model.
    """
    if method not in METHODS:
        raise UnknownName("method", method, METHODS)
    case = prepare(check_open(model, method), messages, target, response, removal, neutral, budget, seed)
    return explain(case, method, target, removal)


def explain(case: Case, method: str, target: str, removal: str) -> Attribution:
    """What a method finds in a case; names as for `attribute`."""
    started = time.perf_counter()
    answer = METHODS[method](case)
    if not np.isfinite(answer.values).all():
        name = case.model.name
        raise ModelError(f"{method} gives shares that are not finite with {name}; load it with dtype float32")
    found = phrases(case, answer.values)
    whole = case.score(np.ones((1, len(case.features)), dtype=bool))[0]
    return Attribution(
        method=method,
        target=target,
        removal=removal,
        unit="nats",
        refusal_score=float(whole),
        error=None if math.isnan(answer.error) else answer.error,
        seconds=time.perf_counter() - started,
        evaluations=case.score.evaluations,
        passes=answer.passes,
        tokens=case.score.tokens,
        features=[
            Feature(text=span.text(case.messages), turn=span.turn, start=span.start, end=span.end, score=float(share))
            for span, share in zip(case.features, answer.values, strict=True)
        ],
        phrases=found,
        note=answer.note,
    )


def prepare(
    model: OpenWeights,
    messages: Conversation,
    target: str,
    response: str,
    removal: str,
    neutral: Mapping[Span, str] | None,
    budget: int,
    seed: int,
) -> Case:
    """What a method is asked; arguments as for `attribute`."""
    from eval.score import RefusalScore  # torch, which models behind an endpoint do without
    from eval.target import make_target

    features = words(messages)
    if not features:
        raise InputError("the prompt has no words, only punctuation; give a text of at least one word")
    scored = make_target(target, model.tokenizer, response)
    score = RefusalScore(model, messages, features, scored, removal=removal, neutral=neutral)
    return Case(model, messages, features, score, scored, budget, seed)


def check_open(model: Model, method: str) -> OpenWeights:
    """The same model, known to give log-probabilities; `ModelError` if it does not."""
    if not isinstance(model, OpenWeights):
        raise ModelError(
            f"{method} needs a model's log-probabilities, which {model.name} does not give: "
            "use --method none and name the triggers with --triggers, or a local model"
        )
    return model
