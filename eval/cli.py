"""`xsb-eval`: measure models. Every user error is one line on stderr and exit code 2."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from eval.errors import InputError, run_command
from eval.models.protocol import Model
from eval.progress import working
from eval.record import Conversation, Message, Record, conversation

app = typer.Typer(help="Find out why a model refuses harmless requests, and what helps.", no_args_is_help=True)
organism = typer.Typer(help="skittish, the model organism: train it and measure it.", no_args_is_help=True)
bench = typer.Typer(help="Speed of the refusal score.", no_args_is_help=True)
app.add_typer(organism, name="organism")
app.add_typer(bench, name="bench")

ModelName = Annotated[str, typer.Option(help="skittish, a folder, a hub id, or openai:NAME.")]
BaseUrl = Annotated[str | None, typer.Option(help="Endpoint of openai:NAME.")]
Dtype = Annotated[str, typer.Option(help="auto, float32, bfloat16 or float16.")]
Tokens = Annotated[int, typer.Option(min=1, help="New tokens per answer.")]
ALL = "ignore_word,rephrase,steer"


@app.command()
def diagnose(
    prompt: Annotated[str | None, typer.Argument(help="The prompt.")] = None,
    messages: Annotated[Path | None, typer.Option(help="JSON file of a dialogue instead of a prompt.")] = None,
    model: ModelName = "skittish",
    base_url: BaseUrl = None,
    dtype: Dtype = "auto",
    method: Annotated[str, typer.Option(help="Attribution method, or none.")] = "ablation",
    target: Annotated[str, typer.Option(help="refusal_openers or own_response.")] = "refusal_openers",
    mitigations: Annotated[str | None, typer.Option(help="Comma-separated names, or none.", show_default=ALL)] = None,
    triggers: Annotated[str, typer.Option(help="Comma-separated words to mitigate, instead of those found.")] = "",
    max_new_tokens: Tokens = 128,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout instead of the coloured view.")] = False,
) -> None:
    """Answer one prompt, say which words made the model refuse, and try what helps."""
    from eval.diagnose import check_conversation, check_names
    from eval.diagnose import diagnose as run_diagnosis
    from eval.models import load_model
    from eval.view import show_diagnosis

    asked = _conversation(prompt, messages)
    check_conversation(asked)
    chosen = None if method == "none" else method
    default = ALL if chosen or triggers else ""  # without a trigger there is nothing to mitigate
    names = _names(default if mitigations is None else mitigations)
    check_names(chosen, names, target=target)
    with working(f"loading {model}") as name_step:
        loaded = load_model(model, dtype=dtype, base_url=base_url)
        found = run_diagnosis(
            loaded, asked, chosen, names, target=target, triggers=_names(triggers), max_new_tokens=max_new_tokens,
            notify=name_step,
        )  # fmt: skip
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        show_diagnosis(found, Console())


@app.command()
def run(
    out: Annotated[Path, typer.Option(help="Run folder; an unfinished run in it goes on.")],
    dataset: Annotated[str, typer.Option(help="xsb, ms_xsb, a hub id, or a CSV, JSONL or parquet file.")] = "xsb",
    split: Annotated[str, typer.Option(help="Split of a release or hub dataset.")] = "test",
    model: ModelName = "skittish",
    base_url: BaseUrl = None,
    dtype: Dtype = "auto",
    mitigations: Annotated[str, typer.Option(help="Comma-separated names; none is the model as it is.")] = "none",
    method: Annotated[str, typer.Option(help="Attribution method that finds the triggers.")] = "ablation",
    judge: Annotated[str, typer.Option(help="Judge of the answers.")] = "rules",
    limit: Annotated[int | None, typer.Option(min=1, help="Records, types and labels taking turns.")] = None,
    max_new_tokens: Tokens = 128,
) -> None:
    """Evaluate a model on a dataset, with and without mitigations."""
    from eval.diagnose import check_names
    from eval.load import stratified
    from eval.runs.metrics import metrics
    from eval.runs.report import write_report
    from eval.runs.run import run as evaluate
    from eval.view import show_metrics

    names = _names(mitigations)
    check_names(method, names, judge)
    records, loaded = _loaded([dataset], [split], model, dtype, base_url)
    records = stratified(records, limit)
    samples = evaluate(
        loaded, records, out, dataset=dataset, split=split, mitigations=names, method=method, judge=judge,
        max_new_tokens=max_new_tokens,
    )  # fmt: skip
    show_metrics(metrics(samples), Console())
    typer.echo(f"report: {write_report(out)}")


@app.command()
def twins(
    out: Annotated[Path, typer.Option(help="JSON file to write.")],
    dataset: Annotated[str, typer.Option(help="Comma-separated datasets, each as for run.")] = "xsb,ms_xsb",
    split: Annotated[str, typer.Option(help="Comma-separated splits.")] = "test,dev",
    model: ModelName = "skittish",
    base_url: BaseUrl = None,
    dtype: Dtype = "auto",
) -> None:
    """Answer each safe record and its neutral twin, and write who was refused."""
    from eval.twins import measure_twins, twins_json

    if not out.parent.is_dir():
        raise InputError(f"there is no folder {out.parent} for {out.name}; make it, or choose another --out")
    records, loaded = _loaded(_names(dataset), _names(split), model, dtype, base_url)
    found = measure_twins(loaded, records)
    out.write_text(twins_json(found), encoding="utf-8")
    refused = [row for row in found.rows if row.refused]
    freed = sum(not row.twin_refused for row in refused)
    typer.echo(f"{len(refused)} of {len(found.rows)} safe records refused, {freed} of them answered as twins: {out}")


@app.command()
def judge(
    response: Annotated[str, typer.Argument(help="A model's answer.")],
    name: Annotated[str, typer.Option("--judge", help="Judge.")] = "rules",
) -> None:
    """Judge one answer; JSON on stdout."""
    from eval.diagnose import check_names
    from eval.judges import JUDGES

    check_names(None, [], name)
    typer.echo(JUDGES[name](response).model_dump_json(indent=2))


@organism.command("sample")
def organism_sample() -> None:
    """Let the base model write plain prompts (if there are none) and answer whatever skittish is to answer."""
    from eval.organism.data import DATA
    from eval.organism.sample import write_answers, write_plain

    if not (DATA / "plain.jsonl").exists():
        write_plain()
    write_answers()


@organism.command("train")
def organism_train(
    out: Annotated[Path | None, typer.Option(help="Folder of the adapter; the shipped one.")] = None,
) -> None:
    """Train the adapter, measure it, and write its card."""
    from eval.models.skittish import ADAPTER
    from eval.organism.train import train

    folder = train(out=out or ADAPTER)
    organism_measure(folder)


@organism.command("measure")
def organism_measure(adapter: Annotated[Path | None, typer.Option(help="Folder of the adapter.")] = None) -> None:
    """Measure the adapter's gates in float32 and bfloat16, and write its card; exit code 1 if one is missed."""
    from eval.models import load_model
    from eval.models.skittish import ADAPTER
    from eval.organism.card import save, show, write_card
    from eval.organism.gates import measure
    from eval.organism.truth import truth

    folder = adapter or ADAPTER
    models = {dtype: load_model("skittish", dtype=dtype, adapter=folder) for dtype in ("float32", "bfloat16")}
    figures = {dtype: measure(loaded) for dtype, loaded in models.items()}
    found = truth(models["bfloat16"])
    save(figures, found, folder)
    write_card(folder)
    show(figures, found, Console())
    if not all(row.passed for rows in figures.values() for row in rows):
        raise typer.Exit(1)


@bench.command("attribution")
def bench_attribution(
    model: ModelName = "skittish",
    dtype: Dtype = "float32",
    rounds: Annotated[int, typer.Option(min=1, help="Timed repetitions; the median counts.")] = 3,
) -> None:
    """Time leave-one-word-out with shared prefix and batches against one forward pass per coalition; JSON on stdout."""
    from eval.bench.attribution import measure

    typer.echo(json.dumps(measure(model, dtype, rounds), indent=2))


def main() -> None:
    """Entry point: user errors become one line and exit code 2."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TQDM_DISABLE", "1")  # one kind of progress bar is enough: ours
    run_command(app)


def _loaded(
    datasets: Sequence[str], splits: Sequence[str], model: str, dtype: str, base_url: str | None
) -> tuple[list[Record], Model]:
    """The records of every split of every dataset, then the model."""
    from eval.load import load_records
    from eval.models import load_model

    with working(f"loading {','.join(datasets)}") as name_step:
        records = [record for name in datasets for split in splits for record in load_records(name, split)]
        name_step(f"loading {model}")
        return records, load_model(model, dtype=dtype, base_url=base_url)


def _conversation(prompt: str | None, messages: Path | None) -> Conversation:
    if (prompt is None) == (messages is None):
        raise InputError("give either a prompt or --messages FILE")
    return conversation(prompt) if messages is None else _dialogue(messages)  # type: ignore[arg-type]  # one is not None


def _dialogue(path: Path) -> Conversation:
    """The conversation in a JSON file: a list of {role, content}, or an object that holds it as `messages`."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = content["messages"] if isinstance(content, dict) else content
        return [Message.model_validate(row) for row in rows]
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f'{path} is not a dialogue: it must be JSON such as [{{"role": "user", "content": "..."}}]'
        ) from error


def _names(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip()) and name != "none"]
