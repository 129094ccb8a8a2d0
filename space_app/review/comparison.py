"""The author's annotation beside the reviewer's blind reading, and what annotators and models said, as HTML."""

from collections.abc import Sequence
from html import escape

from builder.candidate import Candidate, Proposal, Screening
from eval.record import Span
from eval.wording import VERDICTS
from eval.words import find
from space_app.review.sitting import Sitting
from space_app.review.text import marked

METHODS = {"llm": "reading by the guidelines", "ablation": "leaving out one word at a time"}
NOTHING = "<span class='rv-none'>none</span>"


def comparison(sitting: Sitting) -> str:
    """Everything that is shown after the blind reading."""
    shown, reading = sitting.candidate, sitting.reading
    spans = reading.focus_spans if reading else []
    return (
        f"<section class='rv-text'>{marked(shown.messages, spans, _places(shown))}</section>"
        f"{_table(sitting)}<p class='rv-why'><b>Why, by its author.</b> {escape(shown.why)}</p>"
        f"{_listed('Annotators', [_proposal(proposal) for proposal in shown.proposals])}"
        f"{_listed('Screened models', [_screening(screening) for screening in shown.screenings])}"
    )


def _places(candidate: Candidate) -> list[Span]:
    """Where the author's Focus stands in the user's turns, as far as it is there."""
    places = [span for word in candidate.focus for span in find(candidate.messages, word)]
    return [span for span in places if candidate.messages[span.turn].role == "user"]


def _table(sitting: Sitting) -> str:
    shown, reading = sitting.candidate, sitting.reading
    if not reading:
        return ""
    same_focus = {word.casefold() for word in reading.focus} == {word.casefold() for word in shown.focus}
    rows = [
        _row("Label", _label(reading.label), _label(shown.label), reading.label == shown.label),
        _row("Focus", _words(reading.focus, "yours"), _words(shown.focus, "authors"), same_focus),
        _row("Neutral", "", _words(shown.neutral), True),
        _row("Naturalness", f"{reading.naturalness} of 5", "", True),
    ]
    head = "<tr><td></td><th scope='col'>You, blind</th><th scope='col'>Author</th></tr>"
    return f"<table class='rv-table'><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


def _row(name: str, yours: str, authors: str, same: bool) -> str:
    differs = "" if same else "<span class='rv-differs'>differs</span>"
    return f"<tr><th scope='row'>{name}{differs}</th><td>{yours}</td><td>{authors}</td></tr>"


def _label(label: str | None) -> str:
    return f"<span class='rv-label {label}'>{label}</span>"


def _words(words: Sequence[str], kind: str = "plain") -> str:
    return " ".join(f"<mark class='{kind}'>{escape(word)}</mark>" for word in words) or NOTHING


def _listed(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    return (
        f"<section class='rv-said'><h3>{title}</h3><ul>{''.join(f'<li>{item}</li>' for item in items)}</ul></section>"
    )


def _proposal(proposal: Proposal) -> str:
    who = f"<b>{escape(proposal.by)}</b>, {METHODS[proposal.method]}: "
    label = f"{_label(proposal.label)} " if proposal.label else ""
    why = f"<p>{escape(proposal.why)}</p>" if proposal.why else ""
    if len(proposal.scores) != len(proposal.focus):
        twins = f" → {_words(proposal.neutral)}" if proposal.neutral else ""
        return f"{who}{label}{_words(proposal.focus)}{twins}{why}"
    pairs = zip(proposal.focus, proposal.scores, strict=True)
    scored = ", ".join(f"{_words([word])} {score:+.2f}" for word, score in pairs)
    return f"{who}{label}{scored or NOTHING} <span class='rv-hint'>nats of refusal</span>{why}"


def _screening(screening: Screening) -> str:
    score = "" if screening.score is None else f", refusal score {screening.score:+.2f} nats"
    kind = "refused" if screening.refused else "answered"
    return (
        f"<b>{escape(screening.model)}</b>: <span class='rv-verdict {kind}'>{VERDICTS[screening.verdict]}</span>{score}"
        f"<details><summary>its answer</summary><p>{escape(screening.response) or '(no text)'}</p></details>"
    )
