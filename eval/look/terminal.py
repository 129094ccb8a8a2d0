"""A diagnosis, what one would take, and a judge's agreement with people in the terminal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from eval.attribution import Attribution
from eval.diagnose import Diagnosis, Mitigated
from eval.judges import Verdict
from eval.judges.between import Between
from eval.judges.table import Agreement
from eval.look.wording import VERDICTS, added, asked, how, passes, reason
from eval.record import Conversation
from eval.statistics import Rate

if TYPE_CHECKING:
    from eval.attribution.estimate import Estimate  # which imports torch

STYLES = {
    "full_compliance": "bold cyan",
    "partial_refusal": "bold yellow",
    "full_refusal": "bold red",
    "unscored": "bold",
}
HEAT = ("", "on #5c2018", "bold on #8f2f20", "bold on #c8402a")


def show_diagnosis(diagnosis: Diagnosis, console: Console) -> None:
    """Answer, reason, heat map, mitigations: top to bottom."""
    console.print()
    console.print(_verdict(diagnosis.verdict), Text(f"   {diagnosis.model}", style="dim"))
    for line in _beside(diagnosis.verdict, diagnosis.judgements):
        console.print(line)
    console.print(Text(diagnosis.response or "(no text)", style="italic"))
    console.print()
    if found := diagnosis.attribution:
        triggers = [span.text(diagnosis.messages) for span in found.triggers]
        console.print(Text(reason(diagnosis.verdict, triggers, found.refuses)))
        for row in _heat(diagnosis.messages, found):
            console.print(row)
        console.print(Text(f"darker = more refusal; {how(found)}", style="dim"))
        if found.note:
            console.print(Text(found.note, style="yellow"))
        console.print()
    if diagnosis.mitigations:
        console.print(Text("What helps", style="bold"))
        for tried in diagnosis.mitigations:
            console.print(_card(tried, diagnosis))


def show_estimate(told: "Estimate", console: Console) -> None:
    """What an attribution would take, and whether it fits."""
    gradients = f", {passes(told.passes)} with gradients" if told.passes else ""
    work = told.memory_bytes - told.weights_bytes
    console.print(f"{told.method} on {told.target} of {told.words} words, {told.model}")
    console.print(f"about {asked(told.evaluations, told.target)}{gradients}, {told.tokens:,} tokens")
    if told.memory_bytes:
        need, weights, more, free = map(gigabytes, (told.memory_bytes, told.weights_bytes, work, told.free_bytes))
        fits = "fits" if told.fits else "does not fit"
        console.print(
            f"about {need} of memory (weights in {told.dtype} {weights}, work {more}); {free} are free on "
            f"{told.device}: {fits}"
        )
    if told.note:
        console.print(told.note)


def show_judging(notes: Sequence[str], agreement: Sequence[Between], console: Console) -> None:
    """What a reader of a run's figures must know, and how far its judges agree."""
    for note in notes:
        console.print(Text(note, style="yellow"), soft_wrap=True)
    for one in agreement:
        names = f"{one.first} and {one.second} on {one.agree.scored} answers, {one.unscored} more not scored by both"
        console.print(Text(names), soft_wrap=True)
        console.print(f"agree {' '.join(rate_text(one.agree))}{f'; {_kappa(one.kappa)}' if one.agree.scored else ''}")
        console.print(_confusion(one.first, one.confusion))
        if one.note:
            console.print(Text(one.note, style="yellow"))


def show_agreement(found: Agreement, console: Console) -> None:
    """How far a judge agrees with people, and where not."""
    console.print(f"three labels      {' '.join(rate_text(found.accuracy))}")
    console.print(f"refused or not    {' '.join(rate_text(found.refused_or_not))}")
    console.print(f"{_kappa(found.kappa)}, macro-F1 {found.macro_f1:.2f}")
    console.print(_confusion("people say", found.confusion, found.f1))
    if found.note:
        console.print(Text(found.note, style="yellow"))


def _kappa(kappa: float | None) -> str:
    """Cohen's kappa as it is read."""
    return "kappa none, both sides know one label only" if kappa is None else f"kappa {kappa:.2f}"


def _confusion(first: str, confusion: Mapping[str, Mapping[str, int]], f1: Mapping[str, float] | None = None) -> Table:
    """Counts by the label that the first side gives, one row each, with the F1 of each label where it is known."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(Text(first))
    for column in (*confusion, *(["F1"] if f1 is not None else [])):
        table.add_column(column.replace("_", " "), justify="right")
    for label, row in confusion.items():
        score = [f"{f1[label]:.2f}" if label in f1 else ""] if f1 is not None else []
        table.add_row(label.replace("_", " "), *map(str, row.values()), *score)
    return table


def gigabytes(size: int) -> str:
    """A number of bytes as it is read."""
    return f"{size / 1e9:.2g} GB" if size >= 1e8 else f"{size / 1e6:.0f} MB"


def _verdict(verdict: Verdict) -> Text:
    return Text(VERDICTS[verdict.label], style=STYLES[verdict.label])


def _beside(verdict: Verdict, judgements: Sequence[Verdict]) -> list[Text]:
    """Why there is no answer or no verdict, where that is known, and what further judges say."""
    why = verdict.evidence if verdict.kind or verdict.label == "unscored" else ""
    others = [f"{VERDICTS[one.label]}  {one.judge}{': ' if one.evidence else ''}{one.evidence}" for one in judgements]
    return [Text(line, style="dim") for line in (why, *others) if line]


def _heat(messages: Conversation, found: Attribution) -> list[Text]:
    blocks = found.blocks
    top = max(max(block.score for block in blocks), 1e-9)
    rows = []
    for turn, message in enumerate(messages):
        row = Text(message.content)
        for block in blocks:
            if block.turn == turn and block.score > 0:
                row.stylize(HEAT[round(3 * block.score / top)], block.start, block.end)
        rows.append(Text(f"{message.role}: ", style="dim").append(row) if len(messages) > 1 else row)
    return rows


def _card(tried: Mitigated, diagnosis: Diagnosis) -> Panel:
    parts: list[RenderableType] = [_verdict(tried.verdict), *_beside(tried.verdict, tried.judgements)]
    parts += [Text(f"sent  {text}", style="dim") for text in added(tried.messages_sent, diagnosis.messages)]
    if tried.note:
        parts.append(Text(tried.note, style="yellow"))
    parts.append(Text(tried.response or "(no text)", style="italic"))
    title = f"{tried.name.replace('_', ' ')}: {', '.join(tried.triggers)}"
    return Panel(Group(*parts), title=Text(title), title_align="left", border_style="dim")


def rate_text(rate: Rate | None) -> tuple[str, str]:
    """A share and its interval."""
    if rate is None or rate.share is None or rate.low is None or rate.high is None:
        return "none scored", ""
    return f"{rate.count}/{rate.scored} = {rate.share:.0%}", f"{rate.low:.0%} to {rate.high:.0%}"
