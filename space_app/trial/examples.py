"""Records to begin with, one for each type, and how a record is found by its id."""

from functools import cache

from builder.shipped import RECORDS
from builder.source.read import read_folder
from eval.record import Record

EXAMPLES = {
    "homonym": "xsb-homonyms-068",
    "figurative": "xsb-figurative_language-078",
    "target": "xsb-safe_targets-001",
    "context": "xsb-safe_contexts-059",
    "definition": "xsb-definition-028",
    "history": "xsb-historical_events-001",
    "public": "xsb-privacy_public-040",
    "fictional": "xsb-privacy_fictional-072",
    "instruction": "xsb-safe_instruction-078",
    "moral": "xsb-contradictory_moral-073",
    "role play": "xsb-role_simulation-001",
    "emotion": "xsb-strong_emotion-085",
    "dialogue": "ms-xsb-grey-parrot-03",
    "unsafe": "xsb-definition-030",
}


def prompts() -> list[str]:
    """The examples' texts that are harmless prompts, not dialogues."""
    found = [record_of(name) for name in EXAMPLES.values()]
    return [one.prompt for one in found if one and one.label == "safe" and len(one.messages) == 1]


def record_of(name: str) -> Record | None:
    """The record of this id among those that come with the package; None if there is none."""
    return _shipped().get(name) if name else None


@cache
def _shipped() -> dict[str, Record]:
    return {record.id: record for record in read_folder(RECORDS)[0]}
