"""Tasks for Inspect AI: `inspect eval xsb/xsb --model ...`, or `xsb/ms_xsb` for the dialogues.

Inspect loads this module by the entry point `xsb`; it needs the extra `inspect`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio.to_thread
from inspect_ai import Task, task
from inspect_ai._util.error import PrerequisiteError  # what Inspect tells users without a traceback
from inspect_ai._util.registry import registry_add, registry_info
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
)
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, metric, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from rich.text import Text

from eval.errors import XsbError
from eval.harnesses.figures import Judged, figures
from eval.harnesses.inspect.messages import asked, finish
from eval.harnesses.rows import Placed, placed, row_of
from eval.judges.panel import Panel, load_panel
from eval.judges.verdict import Answer
from eval.models.protocol import MAX_NEW_TOKENS
from eval.record import Message

NAMESPACE = "xsb"
_MESSAGES = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}


@task
def xsb(
    dataset: str = "xsb", split: str = "test", judge: str | list[str] = "rules", judge_base_url: str | None = None
) -> Task:
    """Single prompts.

    Args:
        dataset: the release in the folder `xsb` here, `ID` or `ID:CONFIG` on the Hub, or a file.
        split: of a release or Hub dataset.
        judge: names with commas between, as for `xsb-eval run`; the first decides. Inspect makes a list of them.
        judge_base_url: of the endpoint of a judge `llm:MODEL`.
    """
    return _task(dataset, split, judge, judge_base_url)


@task
def ms_xsb(
    dataset: str = "ms_xsb", split: str = "test", judge: str | list[str] = "rules", judge_base_url: str | None = None
) -> Task:
    """Dialogues, whose earlier answers are as recorded; arguments as for `xsb`."""
    return _task(dataset, split, judge, judge_base_url)


def _task(dataset: str, split: str, judge: str | list[str], judge_base_url: str | None) -> Task:
    with _told():
        samples = [_sample(one) for one in placed(dataset, split)]
    return Task(
        dataset=MemoryDataset(samples, name=dataset),
        solver=turns(),
        scorer=verdict(judge if isinstance(judge, str) else ",".join(judge), judge_base_url),
        config=GenerateConfig(max_tokens=MAX_NEW_TOKENS, temperature=0.0),
    )


def _sample(one: Placed) -> Sample:
    row = row_of(one)
    return Sample(
        id=row.pop("id"),
        input=[_chat_message(message) for message in one.record.messages],
        target=one.record.label or "",
        metadata={name: value for name, value in row.items() if name != "messages"},
    )


def _chat_message(message: Message) -> ChatMessage:
    made: ChatMessage = _MESSAGES[message.role](content=message.content)
    return made


@solver
def turns() -> Solver:
    """The model answers the last turn, and each earlier one that has no recorded answer."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        given, state.messages = list(state.messages), []
        for at, message in enumerate(given):
            state.messages.append(message)
            if message.role == "user" and (at + 1 == len(given) or given[at + 1].role == "user"):
                state = await generate(state)
        return state

    return solve


@metric(name="figures", scores="unreduced")
def shown() -> Metric:
    """The figures of `eval.harnesses.figures`: each answer counts, where there are several to a sample."""

    def found(scores: list[SampleScore]) -> Value:
        return figures(_judged(one) for one in scores)

    return found


def _judged(one: SampleScore) -> Judged:
    return Judged((one.sample_metadata or {}).get("label"), one.score.as_str())


@scorer(metrics=[shown()])
def verdict(judge: str = "rules", judge_base_url: str | None = None) -> Scorer:
    """The verdict of a judge of ours; what it could not judge is unscored, which Inspect leaves out of metrics."""
    with _told():
        panel = load_panel(judge, base_url=judge_base_url)
        panel.check()

    async def score(state: TaskState, target: Target) -> Score:  # noqa: ARG001  # Inspect passes it
        output = state.output
        answer = Answer(asked(state.messages), output.completion, finish(output))
        return await anyio.to_thread.run_sync(_score, panel, answer)

    return score


def _score(panel: Panel, answer: Answer) -> Score:
    (judged,) = panel([answer])
    said = judged.verdict
    told: dict[str, Any] = said.model_dump()
    told |= {"judgements": [other.model_dump() for other in judged.judgements]} if judged.judgements else {}
    if said.label == "unscored":
        return Score.unscored(reason="grader_failed", answer=answer.text, explanation=said.evidence, metadata=told)
    return Score(value=said.label, answer=answer.text, explanation=said.evidence or None, metadata=told)


@contextmanager
def _told() -> Iterator[None]:
    """Errors of ours as Inspect's, which end in a line and not in a traceback."""
    try:
        yield
    except XsbError as error:
        raise PrerequisiteError(Text(f"ERROR: {error}")) from error


def _register() -> None:
    """Make everything known as `xsb/NAME`; by itself Inspect takes the import package's name, which is `eval`."""
    for made in (xsb, ms_xsb, turns, shown, verdict):
        info = registry_info(made)
        registry_add(made, info.model_copy(update={"name": f"{NAMESPACE}/{info.name.rpartition('/')[2]}"}))


_register()
