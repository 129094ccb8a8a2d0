"""One prompt from end to end: the answer, its verdict, the words to blame, and what each mitigation makes of it."""

from collections.abc import Callable, Mapping, Sequence
from textwrap import shorten
from typing import Any

from pydantic import BaseModel, Field

from eval.attribution import BUDGET, REMOVAL, Attribution, attribute, check_method, check_target
from eval.checks import check_conversation, check_names, neutral_spans, places
from eval.errors import InputError
from eval.evaluations import counted
from eval.judges import Answer, Verdict
from eval.judges.panel import Panel, load_panel
from eval.look.wording import VERDICTS, reason
from eval.mitigation import Attempt, Decoding, Request, attempts, check_weights, named, needs_trigger
from eval.models.protocol import MAX_NEW_TOKENS, Model
from eval.record import Conversation, Span, conversation

TARGET = "refusal_openers"
Notify = Callable[[str], None]


class Mitigated(BaseModel):
    """What one mitigation did: the triggers it was given, what was sent, the answer, its verdict, other judges' too."""

    name: str
    triggers: list[str]
    messages_sent: Conversation
    response: str
    verdict: Verdict
    judgements: list[Verdict] = Field(default=[], exclude_if=lambda judgements: not judgements)
    note: str = Field(default="", exclude_if=lambda note: not note)

    def __str__(self) -> str:
        """The verdict, how the answer begins, and the note, in a line."""
        return f"{VERDICTS[self.verdict.label]}  {shorten(self.response, 80)}{f'  ({self.note})' if self.note else ''}"

    __repr__ = __str__


class Diagnosis(BaseModel):
    """Everything that `xsb-eval diagnose` shows; its JSON is the command's JSON. `judgements` are of further judges."""

    model: str
    messages: Conversation
    response: str
    verdict: Verdict
    judgements: list[Verdict] = Field(default=[], exclude_if=lambda judgements: not judgements)
    attribution: Attribution | None
    mitigations: list[Mitigated]

    @property
    def triggers(self) -> list[str]:
        """The words to blame, the most to blame first; empty if no word adds to refusal or none was looked for."""
        return [span.text(self.messages) for span in self.attribution.triggers] if self.attribution else []

    def __str__(self) -> str:
        """The verdict, the words to blame, and the verdict under each mitigation, a line for each."""
        lines = [f"{VERDICTS[self.verdict.label]}  {self.model}: {shorten(self.response, 80)}"]
        if self.attribution:
            lines.append(reason(self.verdict, self.triggers, self.attribution.refuses))
        return "\n".join([*lines, *(f"{tried.name}: {tried}" for tried in self.mitigations)])

    __repr__ = __str__


def diagnose(
    model: Model,
    prompt: str | Conversation | list[dict[str, Any]],
    method: str | None = "ablation",
    mitigations: Sequence[str] = (),
    *,
    target: str = TARGET,
    judge: str | Panel = "rules",
    triggers: Sequence[str] = (),
    removal: str = REMOVAL,
    neutral: Mapping[str, str] | None = None,
    budget: int = BUDGET,
    seed: int = 0,
    max_new_tokens: int = MAX_NEW_TOKENS,
    notify: Notify = lambda _: None,
) -> Diagnosis:
    """Answer a prompt or dialogue, judge the answer, blame words for it, and try mitigations.

    Args:
        model: from `eval.models.load_model`.
        prompt: a text, or messages of which the last is the user's.
        method: of attribution; None skips it.
        mitigations: names in `eval.mitigation.MITIGATIONS`, or several joined with a plus; none by default.
        target: what attribution scores, a name in `eval.target.TARGETS`, or `judged_answers`.
        judge: names for `eval.judges.panel.load_panel`, or the panel; the first judge decides.
        triggers: words to mitigate instead of those that attribution finds.
        removal: how attribution removes words, a name in `eval.removal.REMOVALS`.
        neutral: what stands in place of which words, for the removal `neutral`.
        budget: about how many evaluations an attribution method that samples may ask for.
        seed: of its sampling.
        max_new_tokens: per answer.
        notify: called with the name of each step as it begins.

    Raises:
        UnknownName: a method, mitigation, judge, target or removal that does not exist.
        InputError: the conversation cannot be answered, mitigations have no trigger to work on, or words no neutral.
        ModelError: the model lacks what was asked of it.
    """
    panel = _panel(judge, method, mitigations, target, removal)
    messages = conversation(prompt)
    check_conversation(messages)
    by_hand, replacements = places(messages, triggers), neutral_spans(messages, removal, neutral or {})
    _check_fit(model, method, target, mitigations, by_hand)
    notify("answering")
    reply = model.generate([messages], max_new_tokens)[0]
    found = None
    if method is not None:
        notify(f"attribution: {method}")
        with counted(lambda done, asked: notify(f"{method}: {done} of {asked} evaluations")):
            found = attribute(
                model, messages, method, target, reply.text, removal=removal, neutral=replacements, budget=budget,
                seed=seed, judge=panel.judges[0], max_new_tokens=max_new_tokens,
            )  # fmt: skip
    request = Request(messages, by_hand or (found.triggers if found else []), answer=reply)
    tried = [_tried(model, name, request, panel, max_new_tokens, notify) for name in mitigations]
    verdict, judgements, _ = panel([Answer(messages, reply.text, reply.finish)])[0]
    return Diagnosis(
        model=model.name, messages=messages, response=reply.text, verdict=verdict, judgements=judgements,
        attribution=found, mitigations=tried,
    )  # fmt: skip


def mitigate(
    model: Model,
    prompt: str | Conversation | list[dict[str, Any]],
    mitigation: str,
    triggers: Sequence[str] = (),
    *,
    judge: str | Panel = "rules",
    max_new_tokens: int = MAX_NEW_TOKENS,
) -> Mitigated:
    """Answer a prompt or dialogue under one mitigation, with words that you name, and judge the answer.

    Args:
        model: from `eval.models.load_model`.
        prompt: a text, or messages of which the last is the user's.
        mitigation: a name in `eval.mitigation.MITIGATIONS`, or several joined with a plus.
        triggers: words or phrases of the prompt, such as `Diagnosis.triggers`; most mitigations change nothing without.
        judge: as for `diagnose`; `max_new_tokens` too.
        max_new_tokens: see there.

    Raises:
        XsbError: as for `diagnose`.
    """
    panel = _panel(judge, None, [mitigation])
    messages = conversation(prompt)
    check_conversation(messages)
    check_weights(model, [mitigation])
    return _tried(model, mitigation, Request(messages, places(messages, triggers)), panel, max_new_tokens)


def _panel(
    judge: str | Panel, method: str | None, mitigations: Sequence[str], target: str = TARGET, removal: str = REMOVAL
) -> Panel:
    """The judges, once all names are known to be right."""
    check_names(method, mitigations, judge if isinstance(judge, str) else "rules", target, removal)
    return load_panel(judge) if isinstance(judge, str) else judge


def _tried(
    model: Model, name: str, request: Request, panel: Panel, max_new_tokens: int, notify: Notify = lambda _: None
) -> Mitigated:
    notify(f"mitigation: {name}")
    (attempt,) = attempts(named(name), model, [request], Decoding(max_new_tokens))
    return mitigated(name, request, attempt, panel)


def mitigated(name: str, request: Request, attempt: Attempt, panel: Panel) -> Mitigated:
    """What came of one mitigation; without a trigger it has nothing to change, and its note says so."""
    lacking = not request.triggers and needs_trigger(name)
    verdict, judgements, _ = panel([attempt.answer_to(request.sent)])[0]
    return Mitigated(
        name=name,
        triggers=[span.text(request.sent) for span in request.triggers],
        messages_sent=attempt.sent,
        response=attempt.reply.text,
        verdict=verdict,
        judgements=judgements,
        note=attempt.note or ("no word adds to refusal, so nothing was changed" if lacking else ""),
    )


def _check_fit(
    model: Model, method: str | None, target: str, mitigations: Sequence[str], triggers: Sequence[Span]
) -> None:
    """Raise unless the model gives what is asked of it, and mitigations have, or get, what they need."""
    check_weights(model, mitigations)
    if method is not None:
        check_method(model, method)
        check_target(model, target)
    elif any(needs_trigger(name) for name in mitigations) and not triggers:
        raise InputError("mitigations need a trigger: choose an attribution method or name words with --triggers")
