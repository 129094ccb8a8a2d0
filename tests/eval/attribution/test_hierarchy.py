import numpy as np

from eval.attribution.ablation import ablation
from eval.attribution.hierarchy import MOST_GROUPS, MOST_WORDS, by_turns
from eval.record import Message
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
    assert shares.note.endswith(f"of {len(case.features)} words were looked at only as parts of turns or sentences")


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
    assert shares.sum() == 1.0 or abs(shares.sum() - 1.0) < 0.2
