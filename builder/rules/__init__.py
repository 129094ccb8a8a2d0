"""The rules that records keep, as a table of functions, each from all records to what is wrong with some of them.

A rule names the record by its index, so that `validate` can say in which line of which file it stands. Those that
look at one record are in a table of their own, since candidates keep them, too.
"""

from collections.abc import Callable, Collection, Iterator, Sequence

from builder.rules import annotation, collection, groups, text
from builder.rules.finding import Finding
from eval.record import Record

Rule = Callable[[Sequence[Record]], Iterator[Finding]]
Check = Callable[[Record], Iterator[str]]


def _each(check: Check) -> Rule:
    """A rule on all records from a check of one."""

    def rule(records: Sequence[Record]) -> Iterator[Finding]:
        for i, record in enumerate(records):
            for message in check(record):
                yield Finding(i, message)

    return rule


OF_ONE: dict[str, Check] = {
    "known values": annotation.known_values,
    "focus on safe prompts": annotation.focus_on_safe,
    "focus words apart": annotation.focus_words_apart,
    "every occurrence": annotation.every_occurrence,
    "parallel neutral": annotation.parallel_neutral,
    "neutral differs": annotation.neutral_differs,
    "pattern fits label": annotation.pattern_fits_label,
    "trigger turn": annotation.trigger_turn,
    "visible characters": text.visible_characters,
    "whole characters": text.whole_characters,
    "one script per word": text.one_script_per_word,
    "prompt length": text.prompt_length,
    "real dialogue": text.real_dialogue,
    "plain ids": text.plain_ids,
    "plain blanks": text.plain_blanks,
    "plain version": text.plain_version,
}
RULES: dict[str, Rule] = {
    **{name: _each(check) for name, check in OF_ONE.items()},
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


def broken_alone(record: Record, but: Collection[str] = ()) -> Iterator[str]:
    """What each rule says that a candidate's record breaks by itself, those in `but` left out.

    What is decided on acceptance (pair, split, version) cannot be wrong yet.
    """
    accepted = record.model_copy(update={"split": "dev", "version": "0.1.0"})
    for name, check in OF_ONE.items():
        if name not in but:
            yield from check(accepted)
