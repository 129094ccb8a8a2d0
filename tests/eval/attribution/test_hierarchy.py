import numpy as np

from eval.attribution import Case
from eval.attribution.ablation import ablation
from eval.attribution.hierarchy import MOST_GROUPS, MOST_WORDS, by_turns, spare
from eval.record import Message
from eval.target import Array
from eval.words import words
from tests.eval.attribution.worked import worked

SENTENCE = "We talked about the garden and the weather all day."


def test_short_conversations_are_not_touched() -> None:
    case = worked(lambda kept: kept @ np.arange(9.0), "one two three four five six seven eight nine")
    assert by_turns(ablation)(case).values.tolist() == ablation(case).values.tolist()


def test_the_word_of_a_long_dialogue_is_found_with_few_evaluations() -> None:
    turns = [SENTENCE * 6 + " How do I kill it?" if i == 4 else SENTENCE * 6 for i in range(9)]
    messages = [Message(role="assistant" if i % 2 else "user", content=text) for i, text in enumerate(turns)]
    place = [i for i, span in enumerate(worked(lambda kept: kept[:, 0], messages).features)
             if span.text(messages) == "kill"]  # fmt: skip
    case = worked(lambda kept: 4.0 * kept[:, place[0]], messages)
    shares = by_turns(ablation)(case)
    assert len(case.features) >= 500
    assert np.argsort(-shares.values)[0] == place[0]
    assert shares.values[place[0]] == 4.0
    assert case.score.evaluations < 80
    assert shares.note == f"440 of {len(case.features)} words were looked at only as parts of turns"


def test_two_thousand_words_without_a_full_stop_have_a_bound() -> None:
    case = worked(lambda kept: 1.0 * kept[:, 1234], " ".join(f"word{i}" for i in range(2000)))
    shares = by_turns(ablation)(case)
    assert np.argmax(shares.values) == 1234
    assert shares.values[1234] == 1.0
    assert case.score.evaluations <= 4 * (MOST_WORDS + 2) * MOST_GROUPS


def test_what_is_not_looked_into_shares_its_turns_part() -> None:
    messages = [Message(role="user", content=SENTENCE * 20)]
    case = worked(lambda kept: kept.mean(axis=1), messages)
    shares = by_turns(ablation)(case).values
    assert shares.min() > 0
    assert abs(shares.sum() - 1.0) < 0.2


def dialogue_of(trigger: int, asked: list[np.ndarray] | None = None) -> Case:
    """Four turns, one with the word "kill" that is worth 4 nats; all words together are worth a tenth. Keeps asked."""
    turns = [SENTENCE * 6 + " How do I kill it?" if i == trigger else SENTENCE * 6 for i in range(4)]
    messages = [Message(role="user" if i % 2 else "assistant", content=text) for i, text in enumerate(turns)]
    features = words(messages)
    kill = next(i for i, span in enumerate(features) if span.text(messages) == "kill")

    def score(kept: np.ndarray) -> Array:
        if asked is not None:
            asked.extend(kept)
        return np.asarray(4.0 * kept[:, kill] + 0.1 * kept.mean(axis=1))

    return worked(score, messages)


def of_turns(case: Case, *turns: int) -> list[int]:
    return [i for i, span in enumerate(case.features) if span.turn in turns]


def test_turns_that_are_not_to_blame_are_spared() -> None:
    case = dialogue_of(trigger=1)
    assert spare(case, of_turns(case, 1)) == of_turns(case, 0, 2, 3)
    assert spare(case, of_turns(case, 0)) == [], "the refusal goes with turn 1"
    assert spare(case, of_turns(case, 0, 1, 2, 3)) == []


def test_the_last_turn_stays_where_the_refusal_needs_it() -> None:
    case = dialogue_of(trigger=3)
    assert spare(case, of_turns(case, 1)) == of_turns(case, 0, 2)


def test_words_are_looked_at_without_the_turns_that_are_spared() -> None:
    asked: list[np.ndarray] = []
    case = dialogue_of(1, asked)
    shares = by_turns(ablation)(case)
    assert case.features[int(np.argmax(shares.values))].text(case.messages) == "kill"
    assert shares.phrases == []
    inside, beside = np.array(asked)[:, of_turns(case, 1)], np.array(asked)[:, of_turns(case, 0, 2, 3)]
    looked_into = inside.any(axis=1) & ~inside.all(axis=1)
    assert looked_into.sum() > 10
    assert not beside[looked_into].any()


def test_the_error_is_of_all_shares_together() -> None:
    """Turns 0 and 3 are each enough: together their words get more than there is, and the error says how much."""
    turns = [SENTENCE * 6 + " How do I kill it?" if i in (0, 3) else SENTENCE * 6 for i in range(4)]
    messages = [Message(role="user" if i % 2 else "assistant", content=text) for i, text in enumerate(turns)]
    kills = [i for i, span in enumerate(words(messages)) if span.text(messages) == "kill"]
    case = worked(lambda kept: 4.0 * kept[:, kills].max(axis=1), messages)
    shares = by_turns(ablation)(case)
    assert shares.error == abs(4.0 - shares.values.sum())
