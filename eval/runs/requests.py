"""How many requests to endpoints a run would take, and the tokens that they read and write.

About so many: attribution ends early where a prompt is not refused, and equal requests are asked once.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eval.mitigation import GUARD
from eval.models.protocol import ENDPOINT
from eval.record import Record
from eval.refusals import RESPONSE_TOKENS

if TYPE_CHECKING:
    from eval.runs.plan import Plan

JUDGE_TOKENS = 1000  # of a judge's prompt without the answer, about 800, and of its verdict


def rephraser(mitigation: str, model: str) -> str:
    """The model that rewrites prompts for a mitigation, "" where none does."""
    for part in mitigation.split("+"):
        name, _, text = part.partition(":")
        if name == "rephrase" and text != "neutral" and Path(text).suffix not in (".yaml", ".yml", ".json"):
            return text or model
    return ""


def requests_of(
    told: "Plan", records: Sequence[Record], mitigations: Sequence[str], judges: Sequence[str], max_new_tokens: int
) -> tuple[int, int]:
    """Requests and tokens.

    Args:
        told: the plan, of which answers and attribution are known.
        records: that are asked.
        mitigations: with `none`.
        judges: names, that of harm last, "" for none.
        max_new_tokens: of an answer.
    """
    requests = tokens = 0
    each = told.prompt_tokens // max(1, told.answers)  # of a prompt
    if told.model.startswith(ENDPOINT):
        guarded = len(records) * sum(GUARD in one.split("+") for one in mitigations)
        requests += told.answers + told.earlier_turns + (told.evaluations or 0) + guarded
        tokens += told.prompt_tokens + told.new_tokens + told.attribution_tokens + guarded * (each + RESPONSE_TOKENS)
    rewritten = sum(rephraser(one, told.model).startswith(ENDPOINT) for one in mitigations) * len(records)
    requests += rewritten
    tokens += rewritten * each + (told.rewrite_tokens if rewritten else 0)
    *refusal, harm = judges
    unsafe = sum(record.label == "unsafe" for record in records) * len(mitigations) * told.samples
    judged = told.answers * sum(_asks(name) for name in refusal) + unsafe * _asks(harm)
    return requests + judged, tokens + judged * (JUDGE_TOKENS + each + max_new_tokens)


def _asks(judge: str) -> bool:
    return judge.startswith("llm:")
