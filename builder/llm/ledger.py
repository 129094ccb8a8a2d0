"""The ledger of a step: every answer of a language model that was paid for, as it came."""

from pathlib import Path

from pydantic import BaseModel

from builder.jsonl import append, read_if_there


class Call(BaseModel):
    """An answer that was paid for, as it came; `key` is a digest of what was asked of whom."""

    key: str
    date: str
    seed: int
    content: str
    finish: str
    prompt_tokens: int
    completion_tokens: int


class Ledger:
    """All answers that were paid for, by their keys; append-only. `paid` counts tokens of prompts and of answers."""

    def __init__(self, file: Path) -> None:
        """Open the ledger, also one that a killed run has left."""
        self._file = file
        self.calls: dict[str, Call] = {}
        self.paid = (0, 0)  # kept, since it is asked for before each request
        self.exhausted = False
        for call in read_if_there(file, Call):
            self._count(call)

    def add(self, call: Call) -> Call:
        """Keep an answer."""
        append(self._file, [call])
        self._count(call)
        return call

    def _count(self, call: Call) -> None:
        before = self.calls.get(call.key)
        self.calls[call.key] = call
        prompts, answers = self.paid
        if before:  # each key counts once, with its last answer
            prompts, answers = prompts - before.prompt_tokens, answers - before.completion_tokens
        self.paid = (prompts + call.prompt_tokens, answers + call.completion_tokens)


def ledger_beside(out: Path) -> Ledger:
    """The ledger of a step, which lies beside the step's output."""
    return Ledger(out.with_suffix(".calls.jsonl"))
