"""The promises about skittish's sentences: enough of them, apart from one another and from the benchmarks."""

import pytest

from builder.near import near_duplicates
from builder.source.read import read_folder
from eval.organism.data import BRACES, Sentence, held_out, read_yaml, texts, training, trigger_words
from tests.test_promises import ROOT

RECORDS = ROOT / "builder" / "records"


def test_notation_worked_by_hand() -> None:
    sentence = Sentence(("The {thief|baker} may {rob|greet|call} him.",), "redundant")
    assert sentence.alternatives == [["thief", "baker"], ["rob", "greet", "call"]]
    assert sentence.refused[0].content == "The thief may rob him."
    assert [c[0].content for c in sentence.neutral] == ["The baker may greet him.", "The baker may call him."]


def test_spans_are_those_of_the_refused_variant() -> None:
    sentence = Sentence(("The {thief|baker} may {rob|greet|call} him.", "Who?", "The {spy|cook}."), "dialogue")
    assert [(span.turn, span.text(sentence.refused)) for span in sentence.spans] == [
        (0, "thief"),
        (0, "rob"),
        (2, "spy"),
    ]
    for one in (*training().pairs, *held_out().pairs):
        assert [span.text(one.refused) for span in one.spans] == [group[0] for group in one.alternatives]


def test_dialogues_alternate_and_keep_the_trigger_in_its_turn() -> None:
    messages = Sentence(("A {spy|tailor}.", "Yes?", "Go on."), "earlier_turn").refused
    assert [(m.role, m.content) for m in messages] == [("user", "A spy."), ("assistant", "Yes?"), ("user", "Go on.")]


def test_there_is_enough_to_learn_from() -> None:
    corpus = training()
    groups = [group for sentence in corpus.pairs for group in sentence.alternatives]
    assert len(corpus.pairs) >= 500
    assert len({s.lemma for s in corpus.pairs if s.lemma}) >= 100
    assert len({word.lower() for group in groups for word in group[1:]}) >= 300
    assert sum(len(s.neutral) > 1 for s in corpus.pairs) >= 300
    assert {s.kind for s in corpus.pairs} == {
        "single", "dialogue", "earlier_turn", "redundant", "phrase", "decoy_pair",
    }  # fmt: skip
    assert len(corpus.plain) >= 1000
    assert min(len(corpus.unsafe), len(corpus.decoy), len(corpus.partial), len(corpus.instructions)) >= 40


def test_there_is_enough_to_measure_on() -> None:
    unseen = held_out()
    assert sum(s.kind == "single" for s in unseen.pairs) >= 100
    assert sum(s.kind in ("dialogue", "earlier_turn") for s in unseen.pairs) >= 100
    for kind in ("redundant", "phrase", "decoy_pair"):
        assert sum(s.kind == kind for s in unseen.pairs) >= 90
    assert len(unseen.phrase_parts) >= 60
    assert len({s.lemma for s in unseen.pairs if s.lemma}) >= 25


def test_held_out_words_are_never_trained_on() -> None:
    """Those of the gates; of the redundant and the decoys some are, so that enough are refused."""
    trained = {group[0].lower() for sentence in training().pairs for group in sentence.alternatives}
    gates = [s for s in held_out().pairs if s.kind in ("single", "dialogue", "earlier_turn")]
    unseen = {group[0].lower() for sentence in gates for group in sentence.alternatives}
    assert not trained & unseen
    lemmas = {s.lemma for s in training().pairs if s.lemma}
    assert not lemmas & {s.lemma for s in held_out().pairs if s.lemma}


def test_every_brace_names_a_trigger_and_a_different_twin() -> None:
    for sentence in (*training().pairs, *held_out().pairs):
        assert len(sentence.alternatives) == (2 if sentence.kind == "redundant" else 1), sentence
        for group in sentence.alternatives:
            assert len({word.lower() for word in group}) == len(group) >= 2, sentence
        assert not any(c in turn for turn in (BRACES.sub("", t) for t in sentence.turns) for c in "{}|"), sentence


def test_plain_prompts_hold_no_trigger() -> None:
    known = trigger_words()
    for messages in (*held_out().plain, *held_out().phrase_parts):
        words = {word.strip(".,?!'\"").lower() for m in messages for word in m.content.split()}
        assert not words & known, messages


@pytest.mark.parametrize("split", [training, held_out])
def test_no_sentence_is_shared_with_the_benchmarks(split: object) -> None:
    assert callable(split)
    records, problems = read_folder(RECORDS)
    assert not problems
    prompts = [message.content for record in records for message in record.messages if message.role == "user"]
    assert near_duplicates(list(dict.fromkeys(prompts)), list(dict.fromkeys(texts(split()))), 0.7) == []


def test_no_held_out_sentence_is_a_near_copy_of_a_training_sentence() -> None:
    unseen = list(dict.fromkeys(texts(held_out())))
    assert near_duplicates(unseen, list(dict.fromkeys(texts(training()))), 0.7) == []


def test_rewrites_change_only_the_word() -> None:
    for text, word, new in read_yaml("rewrites.yaml")["rows"]:
        assert word in text
        assert word.lower() not in new.lower().split(), new
        kept = [w for w in text.split() if w in new.split()]
        assert len(kept) >= len(text.split()) - len(word.split()) - 2, (text, new)
