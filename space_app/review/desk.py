"""What happens at a reviewer's desk: each step takes a `Sitting` and gives the next one.

What was decided is in the reviewer's file before anything else is shown, and which candidates wait is read anew from
the files each time. Nothing here knows HTML or Gradio.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from builder.candidate import Candidate
from builder.review.opinion import (
    Edit,
    Opinion,
    Opinions,
    applied,
    checked_name,
    now,
    problems,
    queue,
    unchanged,
)
from builder.review.reading import Decision, Reading
from eval.errors import InputError
from eval.jsonl import read
from eval.record import digest
from space_app.review.sitting import Act, Sitting, Stage, Version, chosen
from space_app.review.store import Store

SAVED: dict[Decision, str] = {"accept": "Accepted, saved.", "edit": "Edit saved.", "reject": "Rejected, saved."}
MADE: dict[Decision, str] = {"accept": "Accepted.", "edit": "Edited.", "reject": "Rejected."}


class Desk:
    """The candidates under review and the store of the opinions, shared by all visitors."""

    def __init__(self, candidates: Sequence[Candidate], store: Store) -> None:
        """Nobody has read anything yet."""
        self.candidates, self.store = candidates, store
        # Whoever reloads the page after comparing is no longer blind, so the first reading of a text stays.
        self.readings: dict[tuple[str, str, str], Reading] = {}

    def enter(self, sitting: Sitting, name: str) -> Sitting:
        """Begin under the name, or say what is wrong with it."""
        self.store.refresh()
        try:
            return self._next(_turned(sitting, reviewer=checked_name(name.strip().lower())))
        except InputError as error:
            return _refused(sitting, Act(do="name", name=name), "name", str(error))

    def receive(self, account: str, note: str = "", serial: int = 0) -> Sitting:
        """Begin as an account of the Hub, by its name as a reviewer; without one, as a guest who can only read."""
        self.store.refresh()
        return self._next(Sitting(serial=serial, reviewer=account, account=True), note)

    def step(self, sitting: Sitting, act: Act, account: str | None = None) -> Sitting:
        """What follows; the same sitting where the button stood on a page that is no longer current.

        Args:
            sitting: what the visitor sees.
            act: the button and the fields.
            account: the reviewer's name of who is signed in, empty if nobody is; None where names are given instead.

        Raises:
            InputError: the opinions cannot be read, or the page sent what none of its buttons sends.
            XsbError, OSError: the opinion could not be kept.
        """
        if account is not None and (not sitting.account or sitting.reviewer != account):
            return self.receive(account, _changed(sitting.reviewer, account), sitting.serial)
        if account is None and not sitting.reviewer:  # so it is also where the server was started anew
            return self.enter(sitting, act.name)
        if act.serial != sitting.serial:
            return sitting
        allowed = STEPS[sitting.stage]
        if act.do not in allowed:
            raise InputError(f"{act.do!r} is no step here; allowed: {', '.join(allowed)}; load the page again")
        return allowed[act.do](self, sitting, act)

    def rename(self, sitting: Sitting, _: Act) -> Sitting:
        """Ask for the name again, unless it is that of an account."""
        if sitting.account:
            return sitting
        return Sitting(serial=sitting.serial + 1)

    def compare(self, sitting: Sitting, act: Act) -> Sitting:
        """Keep the blind reading and show the author's, unless something is missing."""
        if act.label is None:
            return _refused(sitting, act, "label", "Choose a label: safe or unsafe.")
        if act.label == "safe" and not act.focus:
            return _refused(sitting, act, "focus", "Mark a Focus: a safe prompt has at least one.")
        if act.naturalness is None:
            return _refused(sitting, act, "naturalness", "Say how natural it sounds, from 1 to 5.")
        messages = sitting.candidate.messages
        spans = chosen(messages, act.focus)
        reading = Reading(
            id=sitting.candidate.id, digest=digest(messages), reader=sitting.reviewer, author_kind="human",
            label=act.label, focus=[span.text(messages) for span in spans], focus_spans=spans,
            naturalness=act.naturalness,
        )  # fmt: skip
        self.readings[reading.reader, reading.id, reading.digest] = reading
        return _turned(sitting, stage="compare", reading=reading)

    def accept(self, sitting: Sitting, act: Act) -> Sitting:
        """Accept what is shown, if it can become a record as it stands."""
        if wrong := problems(sitting.candidate):
            return _refused(sitting, act, "", "It cannot be accepted as it stands; edit or reject it.", *wrong)
        return self._decide(sitting, act, "accept")

    def edit(self, sitting: Sitting, act: Act) -> Sitting:
        """Open the fields, filled with what holds now."""
        present = unchanged(sitting.candidate)
        held = Act(
            do="edit", comment=act.comment, prompt=present.prompt, label=present.label, words=present.focus,
            neutral=present.neutral, why=present.why,
        )  # fmt: skip
        return _turned(sitting, stage="edit", held=held)

    def save(self, sitting: Sitting, act: Act) -> Sitting:
        """Save the edit, or say what is wrong with it."""
        rows = [(word.strip(), twin.strip()) for word, twin in zip(act.words, act.neutral, strict=True)]
        edit = Edit(
            prompt=act.prompt.strip(),
            label=act.label or sitting.candidate.label,
            focus=[word for word, twin in rows if word or twin],
            neutral=[twin for word, twin in rows if word or twin],
            why=act.why.strip(),
        )
        edited = applied(sitting.candidate, edit)
        wrong = problems(edited)
        if edited.version == sitting.candidate.version:
            wrong = ["Nothing was changed. If it is right as it is, go back and accept it."]
        return _refused(sitting, act, "", *wrong) if wrong else self._decide(sitting, act, "edit", edit)

    def back(self, sitting: Sitting, act: Act) -> Sitting:
        """Close the fields again, unsaved."""
        return _turned(sitting, stage="compare", held=Act(do="back", comment=act.comment))

    def reject(self, sitting: Sitting, act: Act) -> Sitting:
        """Reject what is shown, if it is said why."""
        if not act.comment.strip():
            return _refused(sitting, act, "comment", "Say in the comment why it is rejected.")
        return self._decide(sitting, act, "reject")

    def skip(self, sitting: Sitting, _: Act) -> Sitting:
        """Leave it for later."""
        skipped = sitting.skipped | {_version(sitting.candidate)}
        return self._next(_turned(sitting, skipped=skipped), "Skipped.")

    def again(self, sitting: Sitting, _: Act) -> Sitting:
        """Look whether there is more to do, skipped ones too."""
        self.store.refresh()
        return self._next(_turned(sitting, skipped=frozenset()))

    def _decide(self, sitting: Sitting, act: Act, decision: Decision, edited: Edit | None = None) -> Sitting:
        if sitting.reading is None:
            raise InputError("a decision comes after the blind reading; load the page again")
        read_blind = sitting.reading.model_dump(include=set(Reading.model_fields) - {"comment", "decision"})
        opinion = Opinion(
            **read_blind, comment=act.comment.strip(), decision=decision, version=sitting.candidate.version,
            date=now(), edited=edited,
        )  # fmt: skip
        self.store.add(opinion)
        return self._next(sitting, (SAVED if self.store.at_once else MADE)[decision])

    def _next(self, sitting: Sitting, note: str = "") -> Sitting:
        """The first candidate that waits and was not skipped, or the end."""
        opinions = self.store.read(sitting.reviewer)
        waiting = queue(self.candidates, opinions, sitting.reviewer)
        ahead = [candidate for candidate in waiting if _version(candidate) not in sitting.skipped]
        fresh = Sitting(
            stage="end",
            serial=sitting.serial + 1,
            reviewer=sitting.reviewer,
            account=sitting.account,
            later=not self.store.at_once,
            skipped=sitting.skipped & {_version(candidate) for candidate in waiting},
            note=note,
            total=len(self.candidates),
            tally=self._tally(opinions, sitting.reviewer),
        )
        if not ahead:
            return fresh
        reading = self._read_before(ahead[0], opinions, sitting.reviewer)
        stage: Stage = "compare" if reading else "blind" if sitting.reviewer else "guest"
        if isinstance(reading, Opinion):
            note = f"{note} You have read this text; what is said about it has changed since.".strip()
        shown = {"shown": ahead[0], "at": fresh.total - len(ahead) + 1, "reading": reading}
        return fresh.model_copy(update={"stage": stage, "note": note, **shown})

    def _read_before(self, shown: Candidate, opinions: Opinions, reviewer: str) -> Reading | None:
        """The reviewer's first reading of exactly this text, whatever was said about it."""
        text = digest(shown.messages)
        decided = (o for o in opinions.of.get(shown.id, ()) if o.reader == reviewer and o.digest == text)
        return next(decided, self.readings.get((reviewer, shown.id, text)))

    def _tally(self, opinions: Opinions, reviewer: str) -> Mapping[Decision, int]:
        own = [[row for row in opinions.of.get(c.id, ()) if row.reader == reviewer] for c in self.candidates]
        return Counter(rows[-1].decision for rows in own if rows and rows[-1].decision)


STEPS: dict[Stage, dict[str, Callable[[Desk, Sitting, Act], Sitting]]] = {
    "name": {},
    "guest": {"skip": Desk.skip},
    "blind": {"compare": Desk.compare, "skip": Desk.skip, "rename": Desk.rename},
    "compare": {
        "accept": Desk.accept, "edit": Desk.edit, "reject": Desk.reject, "skip": Desk.skip, "rename": Desk.rename,
    },
    "edit": {"save": Desk.save, "back": Desk.back, "rename": Desk.rename},
    "end": {"again": Desk.again, "rename": Desk.rename},
}  # fmt: skip


def read_candidates(file: Path) -> list[Candidate]:
    """The candidates of a file.

    Raises:
        InputError: there are none, or a line of the file is none.
    """
    if not file.is_file():
        raise InputError(f"{file} is no file; give the candidates that xsb-build screen wrote")
    candidates = list(read(file, Candidate))
    if not candidates:
        raise InputError(f"{file} holds no candidates; give the file that xsb-build screen wrote")
    return candidates


def _changed(before: str, account: str) -> str:
    """What to say to somebody whose sign-in is another one than when the page was shown, or whose page is older."""
    if account:
        return f"The page begins anew here, for {account}; the last step was not done."
    return "You are not signed in any more, so the last step was not done." if before else ""


def _version(candidate: Candidate) -> Version:
    return candidate.id, candidate.version


def _turned(sitting: Sitting, **changes: object) -> Sitting:
    """The sitting one step on, without what was said about the step before."""
    fresh = {"serial": sitting.serial + 1, "note": "", "problems": (), "wrong": ""}
    return sitting.model_copy(update={**fresh, **changes})


def _refused(sitting: Sitting, act: Act, wrong: str, *said: str) -> Sitting:
    """The same page again, with what its fields held and what is wrong with it."""
    return _turned(sitting, held=act, problems=said, wrong=wrong)
