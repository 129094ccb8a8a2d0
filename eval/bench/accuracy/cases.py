"""Prompts whose trigger is known: skittish's true triggers by kind, and the Focus of safe records that it refuses.

Every truth is computed with the model that is benched. `dev` (sentences that skittish was trained on, records of the
release's split `dev`) is for choosing and fitting, `test` for reporting.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from eval.load import load_records
from eval.models.protocol import Model
from eval.models.skittish import ADAPTER
from eval.organism.truth import TrueTrigger, Truth, triggers_of
from eval.record import Conversation, Record, Span, digest
from eval.runs.sample import replace_file
from eval.twins import measure_twins, word_twins

Split = Literal["test", "dev"]
FOCUS = "focus"
KINDS = ("single", "earlier_turn", "dialogue", "redundant", "phrase", "decoy_pair", FOCUS)


class AccuracyCase(BaseModel):
    """A refused conversation, the spans that are to blame, and a neutral twin of each.

    `needed` are the words of a phrase without each of which the model answers. `flips` tells whether the model answers
    with all twins in place: always so but for some of the kind `focus`, whose truth is an annotator's, not the model's.
    """

    kind: str
    split: Split
    messages: Conversation
    truth: list[Span]
    twins: list[str]
    needed: list[Span] = []
    flips: bool = True

    @property
    def id(self) -> str:
        """Changes with the kind and any character of the conversation."""
        return f"{self.kind}-{digest(self.messages)}"

    @property
    def neutral(self) -> dict[Span, str]:
        """What stands in place of the words that are to blame, for the removal `neutral`."""
        return word_twins(self.messages, self.truth, self.twins)

    def blames(self, span: Span) -> bool:
        """Whether a span covers a character of any that is to blame."""
        return any(span.overlaps(truth) for truth in self.truth)


def cases(
    model: Model, kinds: Sequence[str] = KINDS, split: Split = "test", keep: Path | None = None
) -> list[AccuracyCase]:
    """The cases of these kinds, kind by kind.

    Args:
        model: any that answers; the truth about the shipped skittish is read, others are asked.
        kinds: some of `KINDS`.
        split: what they are for.
        keep: a folder in which what the model was asked is kept, and looked up the next time.

    Raises:
        InputError: the kind `focus` is asked for, and there is no release in the folder `xsb`.
    """
    found: list[AccuracyCase] = []
    if set(kinds) - {FOCUS}:
        found += _kept(keep, model, split, "organism", lambda: _of_organism(model, split))
    if FOCUS in kinds:
        found += _kept(keep, model, split, FOCUS, lambda: of_records(model, load_records("xsb", split), split))
    return [case for kind in kinds for case in found if case.kind == kind]


def of_records(model: Model, records: Sequence[Record], split: Split) -> list[AccuracyCase]:
    """The safe records that the model refuses, with their Focus; none if no record has one."""
    usable = {r.id: r for r in records if r.label == "safe" and r.focus and len(r.focus) == len(r.neutral)}
    rows = measure_twins(model, list(usable.values())).rows if usable else []
    return [
        AccuracyCase(
            kind=FOCUS,
            split=split,
            messages=usable[row.id].messages,
            truth=usable[row.id].focus_spans,
            twins=usable[row.id].neutral,
            flips=not row.twin_refused,
        )
        for row in rows
        if row.refused
    ]


def _of_organism(model: Model, split: Split) -> list[AccuracyCase]:
    shipped = Truth.model_validate_json((ADAPTER / "truth.json").read_bytes())
    same = (model.name, model.facts["revision"], model.facts["dtype"]) == ("skittish", shipped.revision, shipped.dtype)
    found = [t for t in shipped.triggers if t.split == split] if same else triggers_of(model, split)[0]
    return [_of_trigger(trigger) for trigger in found]


def _of_trigger(true: TrueTrigger) -> AccuracyCase:
    return AccuracyCase(
        kind=true.kind,
        split=true.split,
        messages=true.messages,
        truth=true.triggers,
        twins=true.twins,
        needed=true.needed,
    )


def _kept(
    keep: Path | None, model: Model, split: Split, name: str, ask: Callable[[], list[AccuracyCase]]
) -> list[AccuracyCase]:
    """The cases in the file of this model in the folder `keep`; asked for and written if there is none."""
    facts = model.facts
    path = keep / f"truth-{name}-{split}-{facts['revision']}-{facts['dtype']}.jsonl" if keep else None
    if path and path.exists():
        return [AccuracyCase.model_validate_json(line) for line in path.read_bytes().splitlines()]
    found = ask()
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, "".join(case.model_dump_json() + "\n" for case in found))
    return found
