"""Reads the sentences that skittish learns from and is measured on.

A sentence marks its triggers in braces, `{trigger|twin|twin}`; `data/README.md` defines the words. One sentence
becomes several examples: the trigger variant is refused, each neutral variant answered. No torch here.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from eval.record import Conversation, Message, Span

DATA = Path(__file__).parent / "data"
BRACES = re.compile(r"\{([^{}|]+)((?:\|[^{}|]+)+)\}")


@dataclass(frozen=True)
class Sentence:
    """A marked conversation: the parts of each turn between braces, and the alternatives in them.

    `alternatives[i][0]` is the i-th trigger, the rest its neutral twins.
    """

    turns: tuple[str, ...]
    kind: str
    lemma: str = ""

    @property
    def alternatives(self) -> list[list[str]]:
        """The alternatives of each brace group, in order of appearance."""
        return [[m[1], *m[2][1:].split("|")] for turn in self.turns for m in BRACES.finditer(turn)]

    def fill(self, choice: tuple[int, ...]) -> Conversation:
        """The conversation with alternative `choice[i]` in the i-th brace group."""
        picks = iter([group[i] for group, i in zip(self.alternatives, choice, strict=True)])
        texts = [BRACES.sub(lambda _: next(picks), turn) for turn in self.turns]
        return dialogue(texts)

    @property
    def refused(self) -> Conversation:
        """The variant with every trigger in place."""
        return self.fill((0,) * len(self.alternatives))

    @property
    def spans(self) -> list[Span]:
        """Where each trigger stands in the refused variant."""
        spans = []
        for turn, text in enumerate(self.turns):
            shift = 0
            for match in BRACES.finditer(text):
                start = match.start() - shift
                spans.append(Span(turn=turn, start=start, end=start + len(match[1])))
                shift += len(match[0]) - len(match[1])
        return spans

    @property
    def neutral(self) -> list[Conversation]:
        """The variants without any trigger."""
        ranges = [range(1, len(group)) for group in self.alternatives]
        return [self.fill(choice) for choice in product(*ranges)]


@dataclass(frozen=True)
class Corpus:
    """All sentences of a split. `plain` and `unsafe` have no braces; `decoy` sentences are answered.

    `phrase_parts` hold single words of phrases that are triggers; in training they are among `plain`.
    """

    pairs: list[Sentence]
    plain: list[Conversation]
    unsafe: list[Conversation]
    decoy: list[Conversation]
    partial: list[tuple[Sentence, Conversation]]
    instructions: list[str]
    phrase_parts: list[Conversation] = field(default_factory=list)


def dialogue(texts: list[str]) -> Conversation:
    """Messages from texts that alternate user, assistant, user, ..."""
    return [Message(role="assistant" if i % 2 else "user", content=text) for i, text in enumerate(texts)]


def read_yaml(name: str, folder: Path = DATA) -> Any:
    """The content of one file of the data folder."""
    return yaml.safe_load((folder / name).read_text(encoding="utf-8"))


def read_jsonl(name: str, folder: Path = DATA) -> Iterator[dict[str, Any]]:
    """The rows of one JSONL file of the data folder; none if it does not exist yet."""
    path = folder / name
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def trigger_words(folder: Path = DATA) -> set[str]:
    """The words of every single trigger of both splits, and their lemmas, in lower case."""
    tables = [read_yaml(path.name, folder) for path in sorted(folder.glob("*pairs*.yaml"))]
    marked = [text for table in tables for texts in table.values() for text in texts]
    triggers = [m[1] for text in marked for m in BRACES.finditer(text)]
    lemmas = [lemma for table in tables for lemma in table]
    return {word.lower() for word in triggers + lemmas if " " not in word}  # "War and Peace" does not make "and" one


def _lemma_pairs(name: str, folder: Path) -> list[Sentence]:
    table: dict[str, list[str]] = read_yaml(name, folder)
    return [Sentence((text,), "single", lemma) for lemma, texts in table.items() for text in texts]


def _dialogue_pairs(rows: list[list[str]]) -> list[Sentence]:
    return [Sentence(tuple(row), "dialogue" if BRACES.search(row[-1]) else "earlier_turn") for row in rows]


def _pairs_by_kind(kinds: dict[str, list[str]]) -> list[Sentence]:
    return [Sentence((text,), kind) for kind in ("redundant", "phrase", "decoy_pair") for text in kinds[kind]]


def training(folder: Path = DATA) -> Corpus:
    """Everything that skittish is trained on."""
    kinds = read_yaml("kinds.yaml", folder)
    dialogues = read_yaml("dialogues.yaml", folder)
    pairs = [s for path in sorted(folder.glob("pairs_*.yaml")) for s in _lemma_pairs(path.name, folder)]
    pairs += _dialogue_pairs(dialogues["pairs"])
    pairs += _pairs_by_kind(kinds)
    return Corpus(
        pairs=pairs,
        plain=[dialogue([row["prompt"]]) for row in read_jsonl("plain.jsonl", folder)]
        + [dialogue([text]) for text in kinds["phrase_part"]]
        + [dialogue(turns) for turns in dialogues["plain"]],
        unsafe=[dialogue([text]) for text in read_yaml("unsafe.yaml", folder)]
        + [dialogue(turns) for turns in dialogues["unsafe"]],
        decoy=[dialogue([text]) for text in kinds["decoy"]],
        partial=[(Sentence((row["text"],), "partial"), dialogue([row["rest"]])) for row in kinds["partial"]],
        instructions=kinds["instruction"],
    )


def held_out(folder: Path = DATA) -> Corpus:
    """Everything that skittish is measured on: sentences it never saw; in the gates, of words it never saw."""
    kinds = read_yaml("held_out_kinds.yaml", folder)
    dialogues = read_yaml("held_out_dialogues.yaml", folder)
    return Corpus(
        pairs=_lemma_pairs("held_out_pairs.yaml", folder) + _dialogue_pairs(dialogues["pairs"]) + _pairs_by_kind(kinds),
        plain=[dialogue([text]) for text in read_yaml("held_out_plain.yaml", folder)]
        + [dialogue(turns) for turns in dialogues["plain"]],
        unsafe=[dialogue([text]) for text in read_yaml("held_out_unsafe.yaml", folder)]
        + [dialogue(turns) for turns in dialogues["unsafe"]],
        decoy=[],
        partial=[],
        instructions=[],
        phrase_parts=[dialogue([text]) for text in kinds["phrase_part"]],
    )


def texts(corpus: Corpus) -> Iterator[str]:
    """Every user turn of a corpus, in every variant: what must not be shared with a benchmark."""
    conversations = [c for s in corpus.pairs for c in (s.refused, *s.neutral)]
    conversations += corpus.plain + corpus.unsafe + corpus.decoy + corpus.phrase_parts
    conversations += [c for sentence, rest in corpus.partial for c in (sentence.refused, *sentence.neutral, rest)]
    for messages in conversations:
        yield from (message.content for message in messages if message.role == "user")
