"""The rules that records keep, as a table of functions, each from all records to what is wrong with some of them.

A rule names the record by its index, so that `validate` can say in which line of which file it stands.
"""

from collections.abc import Callable, Iterator, Sequence

from builder.rules import annotation, collection, groups, text
from builder.rules.finding import Finding
from eval.record import Record

Rule = Callable[[Sequence[Record]], Iterator[Finding]]


def _each(check: Callable[[Record], Iterator[str]]) -> Rule:
    """A rule on all records from a check of one."""

    def rule(records: Sequence[Record]) -> Iterator[Finding]:
        for i, record in enumerate(records):
            for message in check(record):
                yield Finding(i, message)

    return rule


RULES: dict[str, Rule] = {
    "known values": _each(annotation.known_values),
    "focus on safe prompts": _each(annotation.focus_on_safe),
    "focus words apart": _each(annotation.focus_words_apart),
    "every occurrence": _each(annotation.every_occurrence),
    "parallel neutral": _each(annotation.parallel_neutral),
    "neutral differs": _each(annotation.neutral_differs),
    "pattern fits label": _each(annotation.pattern_fits_label),
    "trigger turn": _each(annotation.trigger_turn),
    "visible characters": _each(text.visible_characters),
    "whole characters": _each(text.whole_characters),
    "one script per word": _each(text.one_script_per_word),
    "prompt length": _each(text.prompt_length),
    "real dialogue": _each(text.real_dialogue),
    "plain ids": _each(text.plain_ids),
    "plain blanks": _each(text.plain_blanks),
    "plain version": _each(text.plain_version),
    "unique ids": collection.unique_ids,
    "unique prompts": collection.unique_prompts,
    "whole pairs": groups.whole_pairs,
    "one trigger per pair": groups.one_trigger_per_pair,
    "whole scenarios": groups.whole_scenarios,
    "one spelling per topic": collection.one_spelling_per_topic,
    "one kind per word": collection.one_kind_per_word,
    "no near-duplicates": collection.no_near_duplicates,
    "varied openings": collection.varied_openings,
}
# Rules that a record breaks also when a mate of it could not be read.
OF_GROUPS = ("whole pairs", "one trigger per pair", "whole scenarios")
