"""The ledger: every answer of an endpoint that was paid for, as it came. No torch here."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from eval.jsonl import append, read_if_there
from eval.models.protocol import Step


class Call(BaseModel):
    """An answer that was paid for, as it came; `key` is a digest of what was asked of whom.

    `seconds` is how long it took, tries that failed included; `served` what the endpoint says of the model that
    answered, where it says more than was asked; `steps` how the answer begins, where that was asked and
    told. What is not there is not written.
    """

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    key: str
    date: str
    seed: int
    content: str
    finish: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float = Field(default=0.0, exclude_if=lambda seconds: not seconds)
    served: str = Field(default="", exclude_if=lambda served: not served)
    steps: list[Step] | None = Field(default=None, exclude_if=lambda steps: steps is None)


class Ledger:
    """All answers that were paid for, by their keys; append-only. `paid` counts tokens of prompts and of answers."""

    def __init__(self, file: Path | None = None) -> None:
        """Open the ledger, also one that a killed run has left; without a file it lasts as long as the process.

        Raises:
            InputError: a line is no answer.
        """
        self._file = file
        self.calls: dict[str, Call] = {}
        self.paid = (0, 0)  # kept, since it is asked for before each request
        self.exhausted = False
        for call in read_if_there(file, Call) if file else []:
            self._count(call)

    def add(self, call: Call) -> Call:
        """Keep an answer."""
        if self._file:
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
