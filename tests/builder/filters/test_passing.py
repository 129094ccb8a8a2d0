"""A sound candidate passes all filters that look at one candidate, and so do the records."""

from functools import partial

from builder.filters.focus import focus_in_text
from builder.filters.language import in_language
from builder.filters.length import fitting_length
from builder.filters.personal import no_personal_data
from builder.filters.rules import keeps_rules
from builder.shipped import RECORDS
from builder.source.read import read_folder
from eval.record import Message
from tests.builder.candidates import make

SINGLE = (fitting_length, focus_in_text, keeps_rules, partial(in_language, "en"), no_personal_data)
PUBLIC = "xsb-privacy_public"  # may ask for what an office has published


def test_a_sound_candidate_passes() -> None:
    assert [drops(make()) for drops in SINGLE] == [None] * len(SINGLE)


def test_what_is_in_the_records_would_pass() -> None:
    """False drops: none by language, and only a published number by personal data."""
    records, _ = read_folder(RECORDS)
    for record in records:
        candidate = make(messages=[Message(role=m.role, content=m.content) for m in record.messages])
        assert in_language("en", candidate) is None, record.id
        assert no_personal_data(candidate) is None or record.id.startswith(PUBLIC), record.id
