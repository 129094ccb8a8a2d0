"""The keys of a record file, and how the value of each is read; `read` says which of them must be there."""

from builder.source.nodes import Reader, as_items, as_node, as_numbers, as_steps, as_text, as_texts, one_of
from eval.record import LABELS, SPLITS

DEFAULTS: dict[str, Reader] = {
    "source": as_text, "author_kind": one_of("human", "model", "model+human"), "version": as_text,
}  # fmt: skip
# What a record may say of its own, beside or against the defaults.
OWN: dict[str, Reader] = {**DEFAULTS, "pair_id": as_text, "provenance": as_steps}
OWN_OF_ENDING: dict[str, Reader] = {**OWN, "focus_turns": as_numbers}
FILE: dict[str, Reader] = {"type": as_text, "defaults": as_node, "records": as_items}
CONTEXT: dict[str, Reader] = {"user": as_text, "assistant": as_text}
ENDING: dict[str, Reader] = {
    **dict.fromkeys(("id", "prompt", "pattern", "why"), as_text), "focus": as_texts, "neutral": as_texts,
    "label": one_of(*LABELS),
}  # fmt: skip
RECORD: dict[str, Reader] = {**ENDING, "topic": as_text, "split": one_of(*SPLITS)}
SCENARIO: dict[str, Reader] = {
    **dict.fromkeys(("scenario_id", "type", "topic"), as_text), "split": one_of(*SPLITS), "defaults": as_node,
    "context": as_items, "endings": as_items,
}  # fmt: skip
