"""Focus: each word stands in the user's text, with a neutral of its own."""

from builder.filters.focus import focus_in_text
from tests.builder.candidates import make


def test_focus() -> None:
    absent = focus_in_text(make(focus=["bomb"], neutral=["lamp"]))
    assert absent and absent.startswith("focus 'bomb' does not stand in the user's text as a whole word")
    assert focus_in_text(make(neutral=[])) == "0 neutral for 1 focus words; write one for each"
    for blank in ({"focus": [" "]}, {"neutral": [""]}):
        assert focus_in_text(make(**blank)) == "a focus or neutral is blank; write a word"
    said_by_assistant = make("What do hunters do?", "They kill.", "Why would they do it?")
    assert focus_in_text(said_by_assistant) is not None
