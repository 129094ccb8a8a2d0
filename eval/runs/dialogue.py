"""The turns before the last: a system turn, and recorded answers of the assistant or the model's own.

A recorded dialogue asks every model the same; a live one goes where the model takes it. What stands in the model's own
turns is greedy and unmitigated: a mitigation is tried on the last turn alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from eval.models.protocol import Model
from eval.record import Conversation, Message, Record, digest


@dataclass
class _Telling:
    """A record on its way: the turns so far, those still to come, and where each recorded turn went."""

    record: Record
    live: bool
    built: Conversation = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    places: dict[int, int] = field(default_factory=dict)

    def advance(self) -> bool:
        """Take over recorded turns up to where the model is to speak; False at the end."""
        while self.left:
            message = self.record.messages[self.left[0]]
            unanswered = bool(self.built) and self.built[-1].role == "user"
            if message.role == "assistant" and self.live:
                self.left.pop(0)
                if unanswered:
                    return True
                continue  # an assistant that speaks first is not the model's answer to anything
            if message.role == "user" and unanswered:
                return True
            self.places[self.left.pop(0)] = len(self.built)
            self.built.append(message)
        return False

    @property
    def told(self) -> Record:
        """The record with these turns; words marked in a turn that is gone are gone with it."""
        record, spans = self.record, self.record.focus_spans
        kept = [i for i, span in enumerate(spans) if span.turn in self.places]
        turn = record.trigger_turn
        return record.model_copy(
            update={
                "messages": self.built,
                "focus": [record.focus[i] for i in kept],
                "focus_spans": [spans[i].in_turn(self.places[spans[i].turn]) for i in kept],
                "neutral": [record.neutral[i] for i in kept] if record.neutral else [],
                "trigger_turn": self.places.get(turn) if turn is not None else None,
            }
        )


def with_system(record: Record, text: str) -> Record:
    """The record with this system turn, in place of one that it has."""
    if record.messages[0].role == "system":
        return record.model_copy(update={"messages": [Message(role="system", content=text), *record.messages[1:]]})
    return record.model_copy(
        update={
            "messages": [Message(role="system", content=text), *record.messages],
            "focus_spans": [span.in_turn(span.turn + 1) for span in record.focus_spans],
            "trigger_turn": None if record.trigger_turn is None else record.trigger_turn + 1,
        }
    )


def told(
    model: Model, records: Sequence[Record], live: bool, max_new_tokens: int, known: dict[str, str]
) -> list[Record]:
    """The records with an answer to every turn of the user's but the last.

    Args:
        model: that speaks where no answer is recorded.
        records: dialogues and single prompts.
        live: the model speaks all of the assistant's turns, recorded or not.
        max_new_tokens: of an answer.
        known: answers by the digest of what they answer; added to, so that equal beginnings are asked once.

    Raises:
        InputError: a dialogue grows beyond the model's context.
    """
    tellings = [_Telling(record, live, left=list(range(len(record.messages)))) for record in records]
    while waiting := [telling for telling in tellings if telling.advance()]:
        keys = [digest(telling.built) for telling in waiting]
        new = {key: telling.built for key, telling in zip(keys, waiting, strict=True) if key not in known}
        replies = model.generate(list(new.values()), max_new_tokens) if new else []
        known.update((key, reply.text) for key, reply in zip(new, replies, strict=True))
        for key, telling in zip(keys, waiting, strict=True):
            telling.built.append(Message(role="assistant", content=known[key]))
    return [telling.told for telling in tellings]
