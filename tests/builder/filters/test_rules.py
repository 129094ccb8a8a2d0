"""Rules on single records, kept by candidates."""

import pytest

from builder.filters.rules import keeps_rules
from tests.builder.candidates import make


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"type": "homonym"}, "unknown type 'homonym'; did you mean 'homonyms'?"),
        ({"focus": [], "neutral": []}, "a safe prompt without focus"),
        ({"neutral": ["kill off"]}, "neutral 'kill off' holds the focus word 'kill'"),
        ({"why": "A process\u200b is no person."}, "`why` holds U+200B"),
        ({"topic": "computers "}, "`topic` has blanks at an end"),
    ],
)
def test_rules(changed: dict[str, object], reason: str) -> None:
    assert (got := keeps_rules(make(**changed))) and got.startswith(reason)


def test_unsafe_needs_no_focus() -> None:
    assert keeps_rules(make(label="unsafe", focus=[], neutral=[])) is None
