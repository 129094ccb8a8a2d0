"""Attribution: which words make the model refuse. Add a method by writing one file and naming it in `METHODS`."""

import time
from typing import TYPE_CHECKING

from eval.attribution.ablation import ablation
from eval.attribution.attribution import Attribution, Feature, Method
from eval.errors import InputError, ModelError, UnknownName
from eval.models.protocol import Model, OpenWeights
from eval.record import Conversation
from eval.words import words

if TYPE_CHECKING:
    from eval.score import RefusalScore

METHODS: dict[str, Method] = {"ablation": ablation}

__all__ = ["METHODS", "Attribution", "Feature", "attribute", "check_open"]


def attribute(
    model: Model, messages: Conversation, method: str = "ablation", target: str = "refusal_openers", response: str = ""
) -> Attribution:
    """Every word's share in the model's refusal.

    Args:
        model: with open weights.
        messages: the conversation whose last turn is the user's.
        method: a name in `METHODS`.
        target: a name in `eval.target.TARGETS`.
        response: the model's own response, for the target `own_response`.

    Raises:
        UnknownName: no such method or target.
        ModelError: the model gives no logits.
        InputError: there is no word to blame.
    """
    if method not in METHODS:
        raise UnknownName("method", method, METHODS)
    open_model = check_open(model, method)
    features = words(messages)
    if not features:
        raise InputError("the prompt has no words, only punctuation; give a text of at least one word")
    started = time.perf_counter()
    score = _score(open_model, messages, target, response)
    shares = METHODS[method](score, len(features))
    return Attribution(
        method=method,
        target=target,
        seconds=time.perf_counter() - started,
        evaluations=score.evaluations,
        features=[
            Feature(text=span.text(messages), turn=span.turn, start=span.start, end=span.end, score=float(share))
            for span, share in zip(features, shares, strict=True)
        ],
    )


def check_open(model: Model, method: str) -> OpenWeights:
    """The same model, known to give log-probabilities; `ModelError` if it does not."""
    if not isinstance(model, OpenWeights):
        raise ModelError(
            f"{method} needs a model's log-probabilities, which {model.name} does not give: "
            "use --method none and name the triggers with --triggers, or a local model"
        )
    return model


def _score(model: OpenWeights, messages: Conversation, target: str, response: str) -> "RefusalScore":
    from eval.score import RefusalScore  # torch, which models behind an endpoint do without
    from eval.target import make_target

    return RefusalScore(model, messages, words(messages), make_target(target, model.tokenizer, response))
