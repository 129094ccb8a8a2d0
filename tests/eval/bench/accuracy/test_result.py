from eval.bench.accuracy.result import exact, ranks
from eval.words import words
from tests.eval.bench.accuracy.worked import case, result, spans

TEXT = "May I blow it up now?"


def test_ranks_count_whole_words_of_each_span_to_blame() -> None:
    both = case("kill the dead process", "kill", "process")
    order = spans("kill the dead process", "dead", "process", "kill", "the")
    assert ranks(both, order) == [3, 2]
    assert ranks(both, order[:1]) == [2, 2]  # not ranked at all
    hyphen = case("a man-eater of a moth", "eater")
    assert ranks(hyphen, words(hyphen.messages)) == [2]


def test_both_means_the_first_two() -> None:
    assert result("a", [2, 1]).both
    assert not result("a", [1, 3]).both


def test_a_phrase_is_found_as_one_with_all_needed_words_and_none_beside() -> None:
    phrase = case(TEXT, "blow it up", kind="phrase", needed=("blow", "up"))
    triggers = ["blow it up", "blow", "it up", "I blow it up", "blow it up now"]
    assert [exact(phrase, trigger) for trigger in spans(TEXT, *triggers)] == [True, False, False, False, False]
    assert not exact(phrase, None)
    away = case("They do away with it", "do away with", kind="phrase", needed=("do", "away"))
    assert exact(away, spans("They do away with it", "do away")[0])  # what is not needed may be left out
