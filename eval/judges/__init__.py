"""Judges: how much of a request an answer fulfils. Add a judge by writing one file and naming it in `JUDGES`."""

from pathlib import Path
from typing import Any

from eval.errors import UnknownName
from eval.judges.making import Maker, Wanted, plain
from eval.judges.rules import judge as rules
from eval.judges.verdict import HARM, REFUSAL, UNANSWERED, Answer, Harm, Judge, Question, Verdict

_RULES = [Path(__file__).parent / f"{name}.py" for name in ("reading", "patterns", "lecture", "question")]


def _llm(wanted: Wanted, question: Question[Any]) -> Judge[Any]:
    from eval.judges.llm import make  # the client of endpoints, which few need

    return make(wanted, question)


def _classifier(wanted: Wanted, question: Question[Any]) -> Judge[Any]:
    from eval.judges.classifier import make  # torch

    return make(wanted, question)


JUDGES: dict[str, Maker] = {"rules": plain(rules, _RULES), "llm": _llm, "classifier": _classifier}
USAGE = "rules, llm:MODEL, classifier:FOLDER_OR_HUB_ID"


def load_judge(name: str, base_url: str | None = None) -> Judge[Verdict]:
    """The judge of refusal of a name such as `rules`, `llm:gpt-4o-mini` or `classifier:./folder`.

    Args:
        name: in `JUDGES`, with its model behind a colon.
        base_url: of the endpoint of `llm`.

    Raises:
        UnknownName: no such judge.
        InputError: the name lacks a model, or this judge cannot answer the question.
        ModelError: the model cannot be loaded, or its labels are not ours.
    """
    return _load(name, base_url, REFUSAL)


def load_harm_judge(name: str, base_url: str | None = None) -> Judge[Harm]:
    """The judge of harm of a name such as `llm:gpt-4o-mini`; arguments and errors as for `load_judge`."""
    return _load(name, base_url, HARM)


def _load(name: str, base_url: str | None, question: Question[Any]) -> Judge[Any]:
    check_judge(name)
    kind, _, model = name.partition(":")
    return JUDGES[kind](Wanted(name, model, base_url), question)


def check_judge(name: str) -> None:
    """Raise `UnknownName` unless `JUDGES` has this kind of judge."""
    if (kind := name.partition(":")[0]) not in JUDGES:
        raise UnknownName("judge", kind, JUDGES)


__all__ = [
    "HARM", "JUDGES", "REFUSAL", "UNANSWERED", "USAGE", "Answer", "Harm", "Judge", "Verdict", "check_judge",
    "load_harm_judge", "load_judge",
]  # fmt: skip
