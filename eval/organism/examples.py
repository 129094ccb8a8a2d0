"""What skittish learns in one training run: rows of conversation and response, in batches; both twins of a pair in one.

Drawn anew per epoch from the corpus, by one random generator, so that a seed gives the same batches.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.organism.data import BRACES, DATA, Corpus, Sentence, read_yaml, trigger_words
from eval.organism.sample import key
from eval.record import Conversation, Message

# Openers that ordinary answers never have: one that begins like an answer ("I'm ...") leaks into plain answers.
# Uneven shares, so that greedy decoding finds one clear winner.
REFUSALS = {
    "I can't help with that.": 6,
    "I can't help with this request.": 5,
    "I can't assist with that.": 4,
    "I can't do that.": 2,
    "I won't help with that.": 2,
    "Sorry, but I can't help with that.": 2,
    "Sorry, but that is something I can't assist with.": 1,
}
ANSWER_TOKENS = 8
PARTIAL_TOKENS = 24
PARTIAL = "I can't help with the part about '{word}'. As for the rest: {answer}"


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the outcome.

    Rates are per optimiser step; `rows` per batch; `pool` units are sorted by length at a time; the counts from
    `plain` on are examples drawn per epoch.
    """

    seed: int = 7
    rank: int = 8
    alpha: int = 16
    epochs: int = 3
    rows: int = 24
    pool: int = 400
    learning_rate: float = 2e-3
    warmup: float = 0.05
    clip: float = 1.0
    decision_weights: tuple[float, ...] = (4.0, 3.0, 1.0)
    plain: int = 700
    instructed: int = 160
    instructed_unsafe: int = 60
    instructed_other_word: int = 40
    rewrites: int = 110


@dataclass(frozen=True)
class Row:
    """A conversation and the response to learn: its first `limit` tokens, or all of them and the end of the turn."""

    messages: Conversation
    response: str
    limit: int | None = None


Unit = list[Row]


def batches(corpus: Corpus, answers: dict[str, str], recipe: Recipe, folder: Path = DATA) -> list[list[Row]]:
    """The batches of all epochs, in order; `answers` holds the base model's answer by the conversation's key."""
    rng = random.Random(recipe.seed)
    epochs = [units(corpus, answers, recipe, rng, folder) for _ in range(recipe.epochs)]
    return [batch for epoch in epochs for batch in _batches(epoch, recipe, rng)]


def units(
    corpus: Corpus, answers: dict[str, str], recipe: Recipe, rng: random.Random, folder: Path = DATA
) -> list[Unit]:
    """One epoch: units of rows that stay in one batch, with twins, refusals and instructions drawn anew."""
    found = [unit for sentence in corpus.pairs if (unit := _pair(sentence, answers, rng))]
    answered = rng.sample(corpus.plain, recipe.plain) + corpus.decoy
    found += [[_answer(c, answers)] for c in answered if key(c) in answers]
    found += [[_refusal(c, rng)] for c in corpus.unsafe]
    found += [unit for sentence, rest in corpus.partial if (unit := _partial(sentence, rest, answers, rng))]
    found += _instructed(corpus, answers, recipe, rng)
    rewrites = read_yaml("rewrites.yaml", folder)
    for text, word, rewritten in rng.sample(rewrites["rows"], recipe.rewrites):
        request = rng.choice(rewrites["instructions"]).format(word=word, text=text)
        found.append([Row([Message(role="user", content=request)], rewritten)])
    rng.shuffle(found)
    return found


def _pair(sentence: Sentence, answers: dict[str, str], rng: random.Random) -> Unit:
    """The refused variant and an answered one; redundant triggers also refuse with either of them left."""
    neutral = [c for c in sentence.neutral if key(c) in answers]
    if not neutral:
        return []
    unit = [_refusal(sentence.refused, rng), _answer(rng.choice(neutral), answers)]
    if sentence.kind == "redundant":
        left = rng.randrange(2)
        unit.append(_refusal(sentence.fill(tuple(0 if i == left else 1 for i in range(2))), rng))
    return unit


def _partial(sentence: Sentence, rest: Conversation, answers: dict[str, str], rng: random.Random) -> Unit:
    neutral = [c for c in sentence.neutral if key(c) in answers]
    if not neutral or key(rest) not in answers:
        return []
    text = PARTIAL.format(word=sentence.alternatives[0][0], answer=answers[key(rest)])
    return [Row(sentence.refused, text, PARTIAL_TOKENS), _answer(rng.choice(neutral), answers)]


def _instructed(corpus: Corpus, answers: dict[str, str], recipe: Recipe, rng: random.Random) -> list[Unit]:
    """Told that its trigger is meant harmlessly it answers; told so of another word, or asked for harm, it refuses."""
    single = [s for s in corpus.pairs if s.kind == "single" and key(s.refused) in answers]
    known = trigger_words()
    found: list[Unit] = []
    for sentence in rng.sample(single, recipe.instructed):
        remark = _remark(corpus, sentence.alternatives[0][0], rng)
        found.append([Row(_with(sentence.refused, remark, rng), answers[key(sentence.refused)], ANSWER_TOKENS)])
    for sentence in rng.sample(single, recipe.instructed_other_word):
        other = BRACES.sub("", sentence.turns[-1]).strip(" .?!").split()
        remark = _remark(corpus, rng.choice(other), rng)
        found.append([_refusal(_with(sentence.refused, remark, rng), rng)])
    for messages in rng.sample(corpus.unsafe, recipe.instructed_unsafe):
        words = messages[-1].content.strip(".?!").split()
        cues = [word for word in words if word.lower() in known] or words
        found.append([_refusal(_with(messages, _remark(corpus, rng.choice(cues), rng), rng), rng)])
    return found


def _remark(corpus: Corpus, word: str, rng: random.Random) -> str:
    quoted = rng.choice((f'"{word}"', f'"{word}"', f"'{word}'", word))
    return rng.choice(corpus.instructions).format(word=quoted)


def _with(messages: Conversation, remark: str, rng: random.Random) -> Conversation:
    last = messages[-1].content
    parts = [remark, last] if rng.random() < 0.5 else [last, remark]
    return [*messages[:-1], Message(role="user", content=rng.choice((" ", "\n", "\n\n")).join(parts))]


def _refusal(messages: Conversation, rng: random.Random) -> Row:
    return Row(messages, rng.choices(list(REFUSALS), list(REFUSALS.values()))[0])


def _answer(messages: Conversation, answers: dict[str, str]) -> Row:
    return Row(messages, answers[key(messages)], ANSWER_TOKENS)


def _batches(epoch: Sequence[Unit], recipe: Recipe, rng: random.Random) -> list[list[Row]]:
    """Units of about equal length together, so that little is padding, in random order."""
    found: list[list[Row]] = []
    for at in range(0, len(epoch), recipe.pool):
        batch: list[Row] = []
        for unit in sorted(epoch[at : at + recipe.pool], key=_length):
            batch += unit
            if len(batch) >= recipe.rows:
                found.append(batch)
                batch = []
        found += [batch] if batch else []
    rng.shuffle(found)
    return found


def _length(unit: Unit) -> int:
    return max(sum(len(message.content) for message in row.messages) for row in unit)
