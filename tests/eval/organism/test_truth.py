from collections.abc import Sequence

from eval.models import Reply
from eval.organism.data import Sentence
from eval.organism.truth import true_triggers
from eval.record import Conversation


class Refuser:
    """Refuses whatever mentions a spy or a waltz."""

    name = "refuser"
    facts: dict[str, str] = {}  # noqa: RUF012  # the protocol's property

    def generate(self, conversations: Sequence[Conversation], max_new_tokens: int = 128) -> list[Reply]:
        del max_new_tokens
        texts = [" ".join(m.content for m in messages) for messages in conversations]
        answers = ["I can't help with that." if "spy" in t or "waltz" in t else "Here is one." for t in texts]
        return [Reply(text=answer, tokens=5, seconds=0.0) for answer in answers]


def test_only_a_word_whose_twin_is_answered_is_true() -> None:
    flips = Sentence(("Name a {spy|tailor} film.",), "single")
    other_cause = Sentence(("Name a waltz about a {spy|tailor}.",), "single")
    not_refused = Sentence(("Name a {thief|tailor} film.",), "single")
    earlier = Sentence(("I like {spy|cake} films.", "Nice!", "Name one."), "earlier_turn")
    found = true_triggers(Refuser(), [flips, other_cause, not_refused, earlier])
    assert [(t.kind, t.trigger.turn, t.trigger.text(t.messages)) for t in found] == [
        ("single", 0, "spy"),
        ("earlier_turn", 0, "spy"),
    ]
