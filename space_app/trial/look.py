"""A diagnosis as HTML: the verdict, the reason, the coloured prompt, the mitigations as cards. All text is escaped."""

from html import escape

from eval.diagnose import Diagnosis, Mitigated
from eval.judges import Verdict
from eval.wording import VERDICTS, added, how, reason

CLASSES = {
    "full_compliance": "answered",
    "partial_refusal": "refused",
    "full_refusal": "refused",
    "unscored": "unscored",
}

CSS = """
.xsb-title { font-weight: 400; font-size: 1.5rem; margin: .5rem 0 1rem; }
.xsb { --refused: #b3261e; --answered: #0b6e75; --heat: 179, 38, 30; }
.xsb { max-width: 60rem; font-size: 1rem; line-height: 1.6; }
.dark .xsb { --refused: #ff8a7a; --answered: #5ecfd6; --heat: 255, 110, 90; }
.xsb-answer { max-width: 70ch; white-space: pre-wrap; overflow-wrap: anywhere; margin: .25rem 0 .75rem; }
.xsb-verdict { font-weight: 700; letter-spacing: .03em; }
.xsb-verdict.refused { color: var(--refused); }
.xsb-verdict.answered { color: var(--answered); }
.xsb-heat { font-size: 1.15rem; margin: 1rem 0 .25rem; overflow-wrap: anywhere; }
.xsb-heat span { border-radius: .25rem; padding: .05rem .15rem; }
.xsb-cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: 1rem; margin-top: .5rem; }
.xsb-card { border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: .5rem; padding: 1rem; }
.xsb-card h3 { margin: 0 0 .25rem; font-size: 1rem; }
.xsb-small { font-size: .85rem; opacity: .8; overflow-wrap: anywhere; }
.xsb-empty { opacity: .8; }
"""


def diagnosis_html(found: Diagnosis) -> str:
    """The page's answer to a prompt."""
    cards = "".join(_card(tried, found) for tried in found.mitigations)
    helps = f"<h2>What helps</h2><div class='xsb-cards'>{cards}</div>" if cards else ""
    return (
        f"<section class='xsb' aria-live='polite'>{_verdict(found.verdict)}"
        f"<div class='xsb-answer'>{escape(found.response) or '(no text)'}</div>"
        f"<p>{_reason(found)}</p>{_heat(found)}{helps}</section>"
    )


def _verdict(verdict: Verdict) -> str:
    return f"<div class='xsb-verdict {CLASSES[verdict.label]}'>{VERDICTS[verdict.label]}</div>"


def _reason(found: Diagnosis) -> str:
    if not found.attribution:
        return escape(reason(found.verdict, []))
    words = [span.text(found.messages) for span in found.attribution.triggers]
    return escape(reason(found.verdict, words, found.attribution.refuses))


def _heat(found: Diagnosis) -> str:
    if not found.attribution:
        return ""
    text = found.messages[-1].content
    blocks = [block for block in found.attribution.blocks if block.turn == len(found.messages) - 1]
    top = max([block.score for block in blocks] + [1e-9])
    parts, at = [], 0
    for block in blocks:
        share = max(0.0, block.score / top)
        parts.append(
            f"{escape(text[at : block.start])}<span style='background: rgba(var(--heat), {0.55 * share:.2f})' "
            f"title='{block.score:+.2f} {found.attribution.unit}'>{escape(block.text)}</span>"
        )
        at = block.end
    told = [f"darker = more refusal (hover for the number); {how(found.attribution)}", found.attribution.note]
    small = "".join(f"<div class='xsb-small'>{escape(line)}</div>" for line in told if line)
    return f"<div class='xsb-heat'>{''.join(parts)}{escape(text[at:])}</div>{small}"


def _card(tried: Mitigated, found: Diagnosis) -> str:
    new = added(tried.messages_sent, found.messages)
    sent = "".join(f"<p class='xsb-small'>sent: {escape(text)}</p>" for text in new)
    note = f"<p class='xsb-small'>{escape(tried.note)}</p>" if tried.note else ""
    return (
        f"<article class='xsb-card'><h3>{escape(tried.name.replace('_', ' '))}</h3>{_verdict(tried.verdict)}"
        f"{sent}{note}<div class='xsb-answer'>{escape(tried.response) or '(no text)'}</div></article>"
    )
