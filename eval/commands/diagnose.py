"""`xsb-eval diagnose`: one prompt from end to end."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from eval.attribution import BUDGET, REMOVAL, default_method
from eval.commands import options as given
from eval.commands.options import name_list, read_asked
from eval.errors import BudgetSpent, InputError
from eval.models.protocol import ENDPOINT
from eval.progress import working

if TYPE_CHECKING:
    from eval.attribution.estimate import Estimate
    from eval.diagnose import Diagnosis


def diagnose(
    prompt: given.Prompt = None,
    messages: given.Dialogue = None,
    model: given.ModelName = "skittish",
    base_url: given.BaseUrl = None,
    dtype: given.Dtype = "auto",
    method: given.Method = None,
    target: given.Target = "refusal_openers",
    removal: given.Removal = REMOVAL,
    neutral: given.Neutral = None,
    budget: given.Budget = BUDGET,
    seed: given.Seed = 0,
    mitigations: given.MitigationsToTry = None,
    triggers: given.Triggers = "",
    max_new_tokens: given.Tokens = 128,
    judge: given.Judges = "rules",
    judge_base_url: given.JudgeUrl = None,
    concurrency: given.Concurrency = 8,
    max_requests: given.MaxRequests = None,
    max_tokens_total: given.MaxTotal = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what attribution would take.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout instead of the coloured view.")] = False,
) -> None:
    """Answer one prompt, say which words made the model refuse, and try what helps."""
    from eval.checks import check_names, neutral_spans
    from eval.diagnose import diagnose as run_diagnosis
    from eval.judges.panel import load_panel
    from eval.models import load_model
    from eval.models.account import Account, paying
    from eval.models.budget import Limits
    from eval.models.ledger import Ledger

    asked, replacements = read_asked(prompt, messages), _replacements(neutral or [])
    names = name_list(_all_that_can(model, method, triggers) if mitigations is None else mitigations)
    check_names(None if method == "none" else method, names, judge, target, removal)
    panel = load_panel(judge, base_url=judge_base_url)
    spans = neutral_spans(asked, removal, replacements)
    if dry_run and method == "none":
        raise InputError("--dry-run says what attribution would take: choose a --method")
    how: dict[str, Any] = {
        "target": target, "removal": removal, "budget": budget, "seed": seed, "max_new_tokens": max_new_tokens,
    }  # fmt: skip
    account = Account(Ledger(), Limits(concurrency, max_tokens_total, max_requests), base_url)
    with working(f"loading {model}") as name_step, paying(account):
        loaded = load_model(model, dtype=dtype, device="meta" if dry_run else "auto", base_url=base_url)
        chosen = None if method == "none" else method or default_method(loaded)
        if dry_run and chosen:
            from eval.attribution.estimate import estimate  # which imports torch

            told: Diagnosis | Estimate = estimate(loaded, asked, chosen, neutral=spans, **how)
        else:
            with _nothing_kept():
                told = run_diagnosis(
                    loaded, asked, chosen, names, judge=panel, triggers=name_list(triggers), neutral=replacements,
                    notify=name_step, **how,
                )  # fmt: skip
    if as_json:
        typer.echo(told.model_dump_json(indent=2))
    else:
        _show(told)


def _all_that_can(model: str, method: str | None, triggers: str) -> str:
    """The mitigations that are tried where none is named; none without a trigger, since nothing would be changed."""
    if method == "none" and not triggers:
        return ""
    return given.TEXT_ONLY if model.startswith(ENDPOINT) else given.ALL


@contextmanager
def _nothing_kept() -> Iterator[None]:
    """Where the budget is spent, say that a diagnosis, other than a run, cannot go on from there."""
    try:
        yield
    except BudgetSpent as error:
        raise BudgetSpent(f"{error}; a diagnosis is not kept: give it a larger budget") from error


def _show(told: "Diagnosis | Estimate") -> None:
    from eval.diagnose import Diagnosis
    from eval.look.terminal import show_diagnosis, show_estimate

    if isinstance(told, Diagnosis):
        show_diagnosis(told, Console())
    else:
        show_estimate(told, Console())


def _replacements(pairs: Sequence[str]) -> dict[str, str]:
    """What stands in place of which words, from word=replacement."""
    parts = [pair.partition("=") for pair in name_list(",".join(pairs))]
    if wrong := [word for word, _, text in parts if not (word.strip() and text.strip())]:
        raise InputError(f"--neutral takes word=replacement, such as kill=stop; got {wrong[0]!r}")
    return {word.strip(): text.strip() for word, _, text in parts}
