"""What is read of another harness's log, and which reader a file is for."""

from pathlib import Path
from typing import NamedTuple

from eval.errors import InputError
from eval.harnesses.rows import Placed
from eval.models.protocol import Reply
from eval.record import Conversation


class Answered(NamedTuple):
    """One answer: to which record, the how many-th to it (from 0), what was sent, and why there is none if it failed.

    A log that does not tell tokens or seconds has 0 of them.
    """

    asked: Placed
    number: int
    sent: Conversation
    reply: Reply
    note: str = ""
    failed: bool = False


class Log(NamedTuple):
    """A log's answers in the order of its dataset, and how it came to be, as far as it says.

    `facts` are of the model and the harness; `max_new_tokens` is 0 where it is not known.
    """

    answers: list[Answered]
    dataset: str
    split: str
    model: str
    facts: dict[str, str]
    max_new_tokens: int
    temperature: float
    system: str
    started: str


def read_log(path: Path) -> Log:
    """An Inspect log (`.eval`, `.json`), or samples of lm-eval (`.jsonl`, a results file, or the folder of both).

    Raises:
        InputError: it is neither, cannot be read, or has no answers.
        XsbError: Inspect is not installed.
    """
    from eval.harnesses.inspect import log as inspect
    from eval.harnesses.lm_eval import log as lm_eval

    if not path.exists():
        raise InputError(f"log {path} does not exist")
    if path.is_dir() or path.suffix == ".jsonl" or lm_eval.is_results(path):
        log = lm_eval.read(path)
    elif path.suffix in (".eval", ".json"):
        log = inspect.read(path)
    else:
        raise InputError(
            f"{path} is no log: give an Inspect log (.eval or .json), or lm-eval's samples_*.jsonl or its output folder"
        )
    if not any(one.reply.text or not one.failed for one in log.answers):
        why = next((one.note for one in log.answers if one.note), "")
        raise InputError(f"{path} has no answers{f' ({why})' if why else ''}; nothing can be imported")
    return log
