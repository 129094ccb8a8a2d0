"""Records to begin with, one for each type, and how a record is found by its id."""

from functools import cache

from builder.shipped import RECORDS
from builder.source.read import read_folder
from eval.errors import InputError
from eval.record import Record
from space_app.explore.records import record
from space_app.settings import Settings

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


def examples() -> dict[str, Record]:
    """The records by the names of `EXAMPLES`."""
    return {name: _shipped()[record] for name, record in EXAMPLES.items()}


def prompts() -> list[str]:
    """The examples' texts that are harmless prompts, not dialogues."""
    return [one.prompt for one in examples().values() if one.label == "safe" and len(one.messages) == 1]


def record_of(settings: Settings, name: str) -> Record | None:
    """The record of this id: of the dataset that the page shows, or one that comes with the package."""
    try:
        return record(settings, name) if name else None
    except InputError:  # not there, or the dataset cannot be read, which Explore tells
        return _shipped().get(name)


@cache
def _shipped() -> dict[str, Record]:
    return {record.id: record for record in read_folder(RECORDS)[0]}
