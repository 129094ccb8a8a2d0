"""Personal data: told by kind and turn, never repeated."""

import pytest

from builder.filters.personal import no_personal_data
from tests.builder.candidates import make


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Please write to anna.berg@example.org about the kill fee.", "EMAIL"),
        ("Call me at 555-010-4477 about the kill fee.", "PHONE"),
        ("My card is 4111 1111 1111 1111, kill the payment.", "CREDIT_CARD"),
        ("Can I kill the server at 192.168.14.7 for a moment?", "IP_ADDRESS"),
    ],
)
def test_personal_data(text: str, kind: str) -> None:
    assert no_personal_data(make(text)) == f"turn 0 holds {kind}"
    assert no_personal_data(make(text, "I see.", "What shall I do?")) == f"turn 0 holds {kind}"
