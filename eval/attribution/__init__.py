"""Attribution: which words make the model refuse. Add a method by writing one file and naming it in `METHODS`."""

import math
import time

import numpy as np

from eval.attribution.ablation import ablation
from eval.attribution.attribution import BUDGET, REMOVAL, Attribution, Case, Feature, Method, Phrase, Shares
from eval.attribution.black_box import black_box
from eval.attribution.captum import feature_ablation, kernel_shap
from eval.attribution.direction import direction
from eval.attribution.hierarchy import by_turns, in_turns
from eval.attribution.hybrid import hybrid
from eval.attribution.ig import ig
from eval.attribution.phrases import phrases
from eval.attribution.shap import shap
from eval.calls import JUDGED, RATE, Calls
from eval.errors import InputError, ModelError, UnknownName
from eval.judges import Answer, Judge, Verdict, load_judge
from eval.models.protocol import Model, OpenWeights
from eval.record import Conversation, Span
from eval.removal import Neutral
from eval.words import words

METHODS: dict[str, Method] = {
    "ablation": by_turns(ablation),
    "ig": in_turns(ig),
    "direction": in_turns(direction),
    "hybrid": in_turns(hybrid),
    "black_box": black_box,
    "shap": by_turns(shap),
    "kernel_shap": by_turns(kernel_shap),
    "feature_ablation": by_turns(feature_ablation),
}

LOCAL = "ablation"  # what explains a model of open weights well
NEED_WEIGHTS = ("ig", "direction", "hybrid")  # of the methods; others ask any model

__all__ = [
    "BUDGET", "METHODS", "REMOVAL", "Attribution", "Case", "Feature", "Phrase", "Shares", "attribute", "check_method",
    "check_open", "check_target", "default_method", "fitting",
]  # fmt: skip


def attribute(
    model: Model,
    messages: Conversation,
    method: str = "ablation",
    target: str = "refusal_openers",
    response: str = "",
    *,
    removal: str = REMOVAL,
    neutral: Neutral | None = None,
    budget: int = BUDGET,
    seed: int = 0,
    judge: str | Judge[Verdict] = "rules",
    max_new_tokens: int = 128,
) -> Attribution:
    """Every word's share in the model's refusal.

    Args:
        model: with open weights, or any, which is then asked once for every text; see `eval.calls`.
        messages: the conversation whose last turn is the user's.
        method: a name in `METHODS`.
        target: a name in `eval.target.TARGETS`, or `judged_answers`: of texts that the model is asked for.
        response: the model's own response, for the target `own_response`; where answers are judged it saves a call.
        removal: how words are removed, a name in `eval.removal.REMOVALS`.
        neutral: what stands in place of some words, for the removal `neutral`.
        budget: about how many evaluations a method that samples may ask for.
        seed: of the sampling.
        judge: of answers, or the name of one for `eval.judges.load_judge`.
        max_new_tokens: of an answer that is judged.

    Raises:
        UnknownName: no such method, target, removal or judge.
        ModelError: the method or target needs more than the model gives, or logits are not finite.
        InputError: there is no word to blame, or the conversation does not fit the model.
    """
    if method not in METHODS:
        raise UnknownName("method", method, METHODS)
    case = prepare(model, messages, target, response, removal, neutral, budget, seed, judge, max_new_tokens)
    return explain(case, method, target, removal)


def explain(case: Case, method: str, target: str, removal: str) -> Attribution:
    """What a method finds in a case; names as for `attribute`."""
    started = time.perf_counter()
    answer = METHODS[method](case)
    if not np.isfinite(answer.values).all():
        name = case.model.name
        raise ModelError(f"{method} gives shares that are not finite with {name}; load it with dtype float32")
    found = phrases(case, answer.values) if answer.phrases is None else answer.phrases
    whole = case.score(np.ones((1, len(case.features)), dtype=bool))[0]
    return Attribution(
        method=method,
        target=JUDGED if case.unit == RATE else target,
        removal=removal,
        unit=case.unit,
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
    model: Model,
    messages: Conversation,
    target: str,
    response: str,
    removal: str,
    neutral: Neutral | None,
    budget: int,
    seed: int,
    judge: str | Judge[Verdict] = "rules",
    max_new_tokens: int = 128,
) -> Case:
    """What a method is asked; arguments as for `attribute`."""
    features = words(messages)
    if not features:
        raise InputError("the prompt has no words, only punctuation; give a text of at least one word")
    if not isinstance(model, OpenWeights) or target == JUDGED:
        calls = _calls(model, messages, features, target, response, removal, neutral, judge, max_new_tokens)
        return Case(model, messages, features, calls, budget=budget, seed=seed, unit=calls.unit)
    from eval.score import RefusalScore  # torch, which models behind an endpoint do without
    from eval.target import make_target

    scored = make_target(target, model.tokenizer, response)
    score = RefusalScore(model, messages, features, scored, removal=removal, neutral=neutral)
    return Case(model, messages, features, score, scored, budget, seed)


def _calls(
    model: Model,
    messages: Conversation,
    features: list[Span],
    target: str,
    response: str,
    removal: str,
    neutral: Neutral | None,
    judge: str | Judge[Verdict],
    max_new_tokens: int,
) -> Calls:
    check_target(model, target)
    chosen = load_judge(judge) if isinstance(judge, str) else judge
    answer = chosen([Answer(messages, response)])[0] if response else None
    return Calls(
        model, messages, features, chosen, max_new_tokens=max_new_tokens, removal=removal,
        neutral=neutral, answer=answer, judged=target == JUDGED,
    )  # fmt: skip


def default_method(model: Model) -> str:
    """What explains a model well: behind an endpoint, where each evaluation is a call, with few of them."""
    return LOCAL if isinstance(model, OpenWeights) else "black_box"


def check_method(model: Model, method: str) -> None:
    """Raise `ModelError` if the method needs open weights, and the model gives none."""
    if method in NEED_WEIGHTS and not isinstance(model, OpenWeights):
        fit = ", ".join(fitting(weights=False))
        raise ModelError(f"method {method} needs open weights, which {model.name} does not give; others: {fit}")


def fitting(*, weights: bool) -> list[str]:
    """The names of the methods that explain a model of open weights, or one without."""
    return [name for name in METHODS if weights or name not in NEED_WEIGHTS]


def check_target(model: Model, target: str) -> None:
    """Raise `ModelError` if the target needs open weights, and the model gives none."""
    if not isinstance(model, OpenWeights) and target not in ("refusal_openers", JUDGED):
        raise ModelError(
            f"target {target} needs open weights, which {model.name} does not give: use --target {JUDGED}, or "
            "refusal_openers"
        )


def check_open(model: Model, method: str) -> OpenWeights:
    """The same model, known to give log-probabilities; `ModelError` if it does not."""
    if not isinstance(model, OpenWeights):
        raise ModelError(
            f"{method} needs a model's log-probabilities, which {model.name} does not give: "
            "use --method none and name the triggers with --triggers, or a local model"
        )
    return model
