"""How a judge comes from the name that a user typed: what a maker is given, and the maker of a plain function."""

from collections.abc import Callable, Iterable
from hashlib import sha256
from inspect import getfile
from pathlib import Path
from typing import Any, NamedTuple

from eval.errors import InputError
from eval.judges.verdict import HARM, REFUSAL, Judge, JudgeFacts, Question, Verdict


class Wanted(NamedTuple):
    """The judge's `name` as typed, the `model` behind its colon, and the address of an endpoint."""

    name: str
    model: str
    base_url: str | None


Maker = Callable[[Wanted, Question[Any]], Judge[Any]]
"""Makes a judge of a question; raises `InputError` or `ModelError` if there is no such judge."""


def plain(judge: Callable[[str, str], Verdict], files: Iterable[Path] = ()) -> Maker:
    """A judge of refusal from a function of an answer and its prompt.

    Its revision is a digest of the file that the function stands in and of `files`, what else it goes by.
    """
    sources = [path.read_bytes() for path in (Path(getfile(judge)), *files)]

    def make(wanted: Wanted, question: Question[Any]) -> Judge[Any]:
        if wanted.model:
            raise InputError(f"judge {wanted.name!r}: {wanted.name.partition(':')[0]} takes nothing behind a colon")
        if question is not REFUSAL:
            raise InputError(f"{wanted.name} cannot tell {HARM.name}; choose llm:MODEL or classifier:FOLDER")
        facts = JudgeFacts(
            name=wanted.name, asked=question.name, revision=digest(*sources), labels=list(question.labels)
        )
        return Judge(REFUSAL, facts, lambda answers: [judge(answer.text, answer.prompt) for answer in answers])

    return make


def needs_model(wanted: Wanted, example: str) -> str:
    """The model behind the colon; `InputError` if there is none."""
    if not wanted.model:
        raise InputError(f"judge {wanted.name!r} needs a model behind a colon, e.g. {example}")
    return wanted.model


def digest(*parts: bytes) -> str:
    """Twelve hexadecimal digits that change with any part."""
    found = sha256()
    for part in parts:
        found.update(sha256(part).digest())
    return found.hexdigest()[:12]
