"""Commands that make candidates: a language model writes them, others annotate them, models answer them."""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.candidate import Candidate
from builder.commands.files import ANNOTATED, GENERATED, KEPT, SCREENED
from builder.commands.records import read_records
from builder.generate.diversity import diversity
from builder.review.opinion import disagreement
from builder.shipped import RECORDS
from eval.errors import InputError, UnknownName
from eval.jsonl import read
from eval.record import LABELS, TYPES

if TYPE_CHECKING:
    from builder.annotate import AnnotationOutcome
    from builder.generate.evolve import Round
    from builder.generate.writing import Outcome
    from eval.models.ledger import Ledger

TIMEOUT = 300.0  # seconds
ANNOTATION_TOKENS = 400
Source = Annotated[Path, typer.Argument(metavar="IN", help="Candidates, JSON Lines.")]
Out = Annotated[Path, typer.Option(help="Candidates, JSON Lines; what an earlier run left is gone on with.")]
BaseUrl = Annotated[str | None, typer.Option(help="Address of the endpoint; else OPENAI_BASE_URL, or OpenAI's own.")]
Folder = Annotated[
    Path, typer.Option("--records", help="Records to show as examples.", show_default="the shipped ones")
]
MaxTokens = Annotated[int, typer.Option(min=16, help="Of one answer.")]
Concurrency = Annotated[int, typer.Option(min=1, help="Requests at a time.")]
MaxTotal = Annotated[int | None, typer.Option("--max-tokens-total", min=1, help="Stop before paying for more tokens.")]
Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds after which a request is repeated.")]
PriceIn = Annotated[float, typer.Option(min=0, help="USD per million tokens of prompts, for the cost that is printed.")]
PriceOut = Annotated[float, typer.Option(min=0, help="USD per million tokens of answers.")]


def generate(
    model: Annotated[str, typer.Option(help="Name of the model at the endpoint.")],
    out: Out = GENERATED,
    types: Annotated[str, typer.Option("--type", help="One of the twelve types, or several, comma-separated.")] = "",
    scenario: Annotated[bool, typer.Option("--scenario", help="Dialogues with six last turns; all types.")] = False,
    n: Annotated[int, typer.Option("--n", min=1, help="Prompts or scenarios (of each round).")] = 20,
    label: Annotated[str, typer.Option(help="safe or unsafe; a scenario has both.")] = "safe",
    topics: Annotated[str, typer.Option(help="Comma-separated; by default those of the records.")] = "",
    seed: Annotated[int, typer.Option(help="Of the plan and of sampling.")] = 0,
    rounds: Annotated[int, typer.Option(min=1, help="From the second on, the hardest ones seed the next.")] = 1,
    screen_with: Annotated[str, typer.Option("--screen", help="Model whose refusals make a prompt hard.")] = "",
    base_url: BaseUrl = None,
    records_folder: Folder = RECORDS,
    max_tokens: MaxTokens = 1200,
    temperature: Annotated[float, typer.Option(min=0, help="Of sampling.")] = 1.0,
    concurrency: Concurrency = 8,
    max_tokens_total: MaxTotal = None,
    timeout: Timeout = TIMEOUT,
    price_in: PriceIn = 0,
    price_out: PriceOut = 0,
) -> None:
    """Have a language model write candidates, by the guidelines and a few records as examples."""
    from builder.generate.plan import Order, topics_of
    from builder.generate.writing import generate as write
    from builder.generate.writing import schema_of
    from builder.llm.draft import AnnotationDraft
    from builder.llm.endpoint import Endpoint
    from eval.models.budget import Limits

    records = read_records(records_folder)
    kinds = _types(types, scenario)
    if label not in LABELS:
        raise UnknownName("label", label, LABELS)
    if rounds > 1 and not screen_with:
        raise InputError("--rounds needs a model that tells what is hard; name it with --screen, for example skittish")
    chosen = _names(topics) or topics_of(records, label)
    order = Order(kinds, scenario, label, n, seed, chosen)
    limits = Limits(concurrency, max_tokens_total)
    ask = partial(Endpoint, model, base_url, timeout=timeout)
    schema = schema_of(scenario)
    with ask(schema=schema, max_tokens=max_tokens, temperature=temperature) as writer:
        if screen_with:
            from builder.generate.evolve import Models, evolve
            from builder.screen import screeners

            with ask(schema=AnnotationDraft, max_tokens=ANNOTATION_TOKENS, temperature=0) as reader:
                screener = partial(screeners, [screen_with], base_url, timeout, out, limits)
                models = Models(writer, reader, screener, screen_with)
                ledgers = _tell_rounds(evolve(order, rounds, records, models, out, limits))
        else:
            outcome = write(order, records, writer, out, limits)
            _tell_outcome(outcome)
            ledgers = [outcome.ledger]
    _tell_paid(ledgers, price_in, price_out)
    print(f"candidates: {out}")


def annotate(
    source: Source = GENERATED,
    out: Out = ANNOTATED,
    model: Annotated[str, typer.Option(help="Language model at the endpoint that reads by the guidelines.")] = "",
    base_url: BaseUrl = None,
    local: Annotated[
        str, typer.Option(help="Model whose refusal words are found by leaving out; none skips.")
    ] = "skittish",
    max_tokens: MaxTokens = ANNOTATION_TOKENS,
    concurrency: Concurrency = 8,
    max_tokens_total: MaxTotal = None,
    timeout: Timeout = TIMEOUT,
    price_in: PriceIn = 0,
    price_out: PriceOut = 0,
) -> None:
    """Add what others than the author think: a language model of label and Focus, a local model of Focus."""
    from builder.annotate import annotate as add
    from builder.llm.draft import AnnotationDraft
    from builder.llm.endpoint import Endpoint
    from eval.models.budget import Limits

    if not model and local == "none":
        raise InputError("nobody to annotate; name a model with --model, or one with open weights with --local")
    blamer, limits = None if local == "none" else local, Limits(concurrency, max_tokens_total)
    ask = partial(Endpoint, model, base_url, schema=AnnotationDraft, max_tokens=max_tokens, timeout=timeout)
    with ask(temperature=0) if model else nullcontext() as reader:
        found = add(source, out, reader, blamer, limits)
    if not found.done and not found.before and not found.ledger.exhausted:
        raise InputError(f"{source} holds no candidates; give a file that xsb-build generate wrote")
    differ = sum(disagreement(candidate) for candidate in read(out, Candidate))
    print(f"{found.done} annotated, {found.before} had been; on {differ} author and annotators differ")
    for reason, times in found.missing.most_common():
        print(f"{times} without opinion: {reason}")
    _tell_paid([found.ledger], price_in, price_out)
    print(f"candidates: {out}")


def screen(
    models: Annotated[str, typer.Option(help="Comma-separated: skittish, a folder, a Hub id, or openai:NAME.")],
    source: Source = KEPT,
    out: Out = SCREENED,
    base_url: BaseUrl = None,
    concurrency: Concurrency = 8,
    max_tokens_total: MaxTotal = None,
    timeout: Timeout = TIMEOUT,
    ray: Annotated[
        bool, typer.Option("--ray", help="Spread candidates over a Ray cluster: RAY_ADDRESS's, or one made here.")
    ] = False,
    actors: Annotated[int | None, typer.Option(min=1, help="Models at once with --ray; one on each GPU.")] = None,
) -> None:
    """Ask models the candidates and keep what they answer: who refuses which."""
    from builder.screen import ray_cluster, screeners
    from builder.screen import screen as ask
    from eval.models.budget import Limits

    names = _names(models)
    limits = Limits(concurrency, max_tokens_total)
    with ray_cluster(names, ray, actors) as spread:
        counts = ask(source, out, screeners(names, base_url, timeout, out, limits, spread))
    if not any(counts.values()):
        raise InputError(f"{source} holds no candidates; give a file that xsb-build filter wrote")
    for name, verdicts in counts.items():
        for label in LABELS:
            asked = sum(times for (of, _), times in verdicts.items() if of == label)
            refused = sum(verdicts[label, verdict] for verdict in ("partial_refusal", "full_refusal"))
            unscored = verdicts[label, "unscored"]
            if asked:
                print(f"{name}: {refused} of {asked} {label} candidates refused, {unscored} unscored")
    print(f"candidates: {out}")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _types(text: str, scenario: bool) -> list[str]:
    names = _names(text) or (list(TYPES) if scenario else [])
    if not names:
        raise InputError(f"nothing to generate; give --type with one of {', '.join(TYPES)}, or --scenario")
    for name in names:
        if name not in TYPES:
            raise UnknownName("type", name, TYPES)
    return names


def _tell_outcome(outcome: "Outcome") -> None:
    """What came of a generation, and how varied it is."""
    unreadable = sum(outcome.unreadable.values())
    print(f"{outcome.drafts} drafts, {len(outcome.candidates)} candidates; {unreadable} answers unreadable")
    for reason, times in outcome.unreadable.most_common():
        print(f"    {times} x {reason}")
    if outcome.candidates:
        print(diversity(outcome.candidates))


def _tell_rounds(rounds: "Iterable[tuple[Outcome, AnnotationOutcome, Round]]") -> "list[Ledger]":
    """Print each round as it ends; the ledgers of all that was asked."""
    ledgers: list[Ledger] = []
    for outcome, annotated, told in rounds:
        _tell_outcome(outcome)
        print(told)
        ledgers = [outcome.ledger, annotated.ledger]
    return ledgers


def _tell_paid(ledgers: "Sequence[Ledger]", price_in: float, price_out: float) -> None:
    """Tokens in the step's ledgers, earlier runs included, and what they cost."""
    paid = [ledger.paid for ledger in ledgers]
    prompts, answers = (sum(tokens) for tokens in zip(*paid, strict=True))
    cost = f", {(prompts * price_in + answers * price_out) / 1e6:.4f} USD" if price_in or price_out else ""
    calls = sum(len(ledger.calls) for ledger in ledgers)
    print(f"{calls} answers paid: {prompts} tokens of prompts, {answers} of answers{cost}")
    if any(ledger.exhausted for ledger in ledgers):
        print("stopped before --max-tokens-total would have been exceeded; raise it and run again to go on")
