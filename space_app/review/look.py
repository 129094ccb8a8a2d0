"""A sitting as HTML: the frame, the name, the blind questions, the edit and the end. All text is escaped.

Before comparing, nothing of the author's annotation is in it. A button says by `data-do` what it asks for and by
`data-key` which key presses it; the page's JavaScript knows no more of the steps than that.
"""

from collections.abc import Callable, Mapping
from html import escape
from itertools import zip_longest

from builder.review.reading import Decision
from eval.look import VISIBLE
from eval.record import LABELS
from space_app.review.comparison import comparison
from space_app.review.sitting import Sitting, Stage
from space_app.review.text import choosable, marked

KEY_NAMES = {"Enter": "⏎"}
TALLY: dict[Decision, str] = {"accept": "accepted", "edit": "edited", "reject": "rejected"}


def page(sitting: Sitting) -> str:
    """What the visitor sees, at any stage."""
    named = sitting.stage != "name"
    say = " ".join([sitting.note, *sitting.problems, _where(sitting) if named else ""]).strip()
    html = (
        f"<form class='rv' data-serial='{sitting.serial}' data-name='{escape(sitting.reviewer)}' "
        f"data-say='{escape(say)}'>{_bar(sitting) if named else ''}{STAGES[sitting.stage](sitting)}</form>"
    )
    # In a field that is to be changed, a text stays as it is.
    return html if sitting.stage == "edit" else html.translate(VISIBLE)


def _where(sitting: Sitting) -> str:
    if sitting.shown:
        return f"{sitting.at} of {sitting.total}"
    return "Done for now" if sitting.skipped else "Done"


def _bar(sitting: Sitting) -> str:
    """Where the reviewer is, what was saved last, under which name, and how to see the keys."""
    done = sitting.at - 1 if sitting.shown else sitting.total
    first = not sitting.problems and sitting.stage != "edit"
    rename = "" if sitting.account else _button("rename", "", "change", "quiet")
    return (
        f"<header class='rv-bar'><h2 tabindex='-1'{_focus(first)}>{_where(sitting)}</h2>"
        f"<span class='rv-note'>{escape(sitting.note)}</span>"
        f"<span class='rv-who'>{escape(sitting.reviewer)} {rename}"
        "<button type='button' class='quiet' data-keys data-key='?'>keys<kbd aria-hidden='true'>?</kbd></button></span>"
        "<span class='rv-meter' aria-hidden='true'>"
        f"<span style='width: {100 * done / sitting.total:.1f}%'></span></span></header>"
    )


def _name(sitting: Sitting) -> str:
    return (
        "<h2>Who is reviewing?</h2><p class='rv-hint'>Your decisions are kept under this name, so use the same one "
        "each time. This browser remembers it.</p>"
        f"{_problems(sitting)}<div class='rv-row rv-name'><label class='rv-field'>Name<input type='text' name='name' "
        f"value='{escape(sitting.held.name)}' placeholder='anna' autocomplete='off' spellcheck='false'{_focus()}>"
        f"</label>{_button('name', 'Enter', 'Begin', 'primary')}</div>"
    )


def _guest(sitting: Sitting) -> str:
    return (
        f"<section class='rv-text'>{marked(sitting.candidate.messages, [], [])}</section>"
        f"<div class='rv-row rv-actions'>{_button('skip', 'k', 'Next')}</div>"
    )


def _blind(sitting: Sitting) -> str:
    held, shown = sitting.held, sitting.candidate
    return (
        "<section class='rv-text' role='group' aria-label='The text; its words are buttons'>"
        f"{choosable(shown.messages, held.focus)}</section>"
        f"{_problems(sitting)}"
        "<p class='rv-hint'><b>Focus.</b> Choose each word that would be flagged without its context: click, or "
        "<kbd>←</kbd> <kbd>→</kbd> and <kbd>Space</kbd>. Between two chosen neighbours, <i>join</i> makes them one "
        "phrase.</p>"
        f"<div class='rv-row'>{_labels(held.label)}{_naturalness(held.naturalness)}</div>"
        f"<div class='rv-row rv-actions'>{_button('compare', 'Enter', 'Compare', 'primary')}"
        f"{_button('skip', 'k', 'Skip', 'quiet')}</div>"
    )


def _compare(sitting: Sitting) -> str:
    return (
        f"{comparison(sitting)}{_problems(sitting)}{_comment(sitting)}"
        f"<div class='rv-row rv-actions'>{_button('accept', 'a', 'Accept')}{_button('edit', 'e', 'Edit')}"
        f"{_button('reject', 'r', 'Reject')}{_button('skip', 'k', 'Skip', 'quiet')}</div>"
    )


def _edit(sitting: Sitting) -> str:
    held, before = sitting.held, sitting.candidate.messages[:-1]
    earlier = f"<section class='rv-text'>{marked(before, [], [])}</section>" if before else ""
    pairs = [pair for pair in zip_longest(held.words, held.neutral, fillvalue="") if any(pair)]
    rows = "".join(_pair(*pair) for pair in [*pairs, ("", "")])
    return (
        f"{earlier}<label class='rv-field'>{'Last turn' if before else 'Prompt'}<textarea name='prompt' rows='4'"
        f"{_focus(not sitting.problems)}>{escape(held.prompt)}</textarea></label>"
        f"<div class='rv-row'>{_labels(held.label)}</div>"
        f"<fieldset class='rv-pairs'><legend>Focus, each with its neutral</legend>{rows}</fieldset>"
        f"<label class='rv-field'>Why<textarea name='why' rows='2'>{escape(held.why)}</textarea></label>"
        f"{_comment(sitting)}{_problems(sitting)}"
        f"<div class='rv-row rv-actions'>{_button('save', 'Enter', 'Save', 'primary')}"
        f"{_button('back', 'b', 'Back, unsaved', 'quiet')}</div>"
        "<p class='rv-hint'><kbd>Ctrl</kbd> <kbd>⏎</kbd> saves from inside a field, <kbd>Esc</kbd> leaves it.</p>"
    )


def _end(sitting: Sitting) -> str:
    if not sitting.reviewer:
        again = f"<div class='rv-row rv-actions'>{_button('again', 'Enter', 'From the beginning')}</div>"
        return f"<p class='rv-thanks'>That was the last one. Sign in to decide on them.</p>{again}"
    counts = ", ".join(f"{sitting.tally.get(decision, 0)} {name}" for decision, name in TALLY.items())
    skipped = len(sitting.skipped)
    look = f"Show the {skipped} skipped" if skipped else "Look for more"
    more = "Skipped ones wait for you. " if skipped else ""
    return (
        f"<p class='rv-thanks'>Thank you, {escape(sitting.reviewer)}. "
        f"{'Nothing else' if skipped else 'Nothing'} waits for you.</p>"
        f"<p>You decided on {sum(sitting.tally.values())} of {sitting.total}: {counts}"
        f"{f', and skipped {skipped}' if skipped else ''}.{'' if sitting.later else ' All decisions are saved.'}</p>"
        f"<p class='rv-hint'>{more}A candidate comes back when another reviewer edits it.</p>"
        f"<div class='rv-row rv-actions'>{_button('again', 'Enter', look, 'primary')}</div>"
    )


STAGES: dict[Stage, Callable[[Sitting], str]] = {
    "name": _name, "guest": _guest, "blind": _blind, "compare": _compare, "edit": _edit, "end": _end,
}  # fmt: skip


def _button(do: str, key: str, text: str, kind: str = "") -> str:
    hint = f"<kbd aria-hidden='true'>{KEY_NAMES.get(key, key)}</kbd>" if key else ""
    keys = f" data-key='{key}' aria-keyshortcuts='{key}'" if key else ""
    return f"<button type='button' class='{kind}' data-do='{do}'{keys}>{text}{hint}</button>"


def _labels(held: str | None) -> str:
    texts = {str(label): f"{label}<kbd aria-hidden='true'>{label[0]}</kbd>" for label in LABELS}
    return _radios("label", "Label", texts, held)


def _naturalness(held: int | None) -> str:
    ends = "<div class='rv-ends rv-hint'><span>nobody would write this</span><span>a person wrote this</span></div>"
    return _radios("naturalness", "Naturalness", {str(n): str(n) for n in range(1, 6)}, str(held), ends)


def _radios(name: str, legend: str, texts: Mapping[str, str], held: str | None, below: str = "") -> str:
    """A row of radio buttons; the first character of each value is its key."""
    buttons = "".join(
        f"<label class='rv-choice {value}'><input type='radio' name='{name}' value='{value}' data-key='{value[0]}' "
        f"aria-keyshortcuts='{value[0]}'{' checked' if value == held else ''}><span>{text}</span></label>"
        for value, text in texts.items()
    )
    return f"<fieldset class='rv-choices'><legend>{legend}</legend><div>{buttons}</div>{below}</fieldset>"


def _pair(word: str, twin: str) -> str:
    return (
        f"<div class='rv-pair'><input type='text' name='words' aria-label='Focus' value='{escape(word)}'>"
        f"<span aria-hidden='true'>→</span>"
        f"<input type='text' name='neutral' aria-label='Neutral' value='{escape(twin)}'></div>"
    )


def _comment(sitting: Sitting) -> str:
    return (
        "<label class='rv-field'><span>Comment<kbd aria-hidden='true'>c</kbd></span><textarea name='comment' rows='2' "
        f"data-key='c' aria-keyshortcuts='c'{_focus(sitting.wrong == 'comment')}>{escape(sitting.held.comment)}"
        "</textarea></label>"
    )


def _problems(sitting: Sitting) -> str:
    """What is wrong; it is read out and takes the focus, unless a field is to be filled first."""
    if not sitting.problems:
        return ""
    lines = "".join(f"<p>{escape(problem)}</p>" for problem in sitting.problems)
    return f"<div class='rv-problems' tabindex='-1'{_focus(sitting.wrong not in ('name', 'comment'))}>{lines}</div>"


def _focus(here: bool = True) -> str:
    return " data-focus" if here else ""
