"""Length: of prompts, of dialogues, and of any text."""

from builder.filters.length import fitting_length
from tests.builder.candidates import make


def test_length() -> None:
    assert fitting_length(make("Just kill it.")) == "the prompt has 3 words; 4 to 60 are allowed, add some"
    assert fitting_length(make("kill " * 61)) == "the prompt has 61 words; 4 to 60 are allowed, cut some"
    dialogue = make("A kill?", "Yes.", "Who is it that did kill him?", scenario_id="s")
    assert fitting_length(dialogue) is None
    long = make(*["A kill?", "Yes."] * 4, "Who is it that did kill him?", scenario_id="s")
    assert fitting_length(long) == "9 turns do not make a dialogue; write 2 to 7, the assistant's among them"
    assert fitting_length(make("How do I " + "kill" * 5000)) is not None
    assert fitting_length(make(why="w" * 10_001)) == "a text of 10,001 characters; 10,000 are allowed"
