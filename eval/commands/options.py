"""What several commands take: options, the prompt, names in a list, records with a model."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from eval.attribution import METHODS
from eval.calls import JUDGED
from eval.commands.settings import read_settings
from eval.errors import InputError, ModelError
from eval.judges import USAGE
from eval.models.protocol import Model, OpenWeights
from eval.progress import working
from eval.record import Conversation, Message, Record, conversation
from eval.removal import REMOVALS
from eval.target import TARGETS

if TYPE_CHECKING:
    from eval.load import Loaded

OWN_METHOD = "ablation, or black_box behind an endpoint"
ALL = "ignore_word,rephrase,steer"
TEXT_ONLY = "ignore_word,rephrase"  # what works behind an endpoint

Prompt = Annotated[str | None, typer.Argument(help="The prompt.")]
Dialogue = Annotated[Path | None, typer.Option(help="JSON file of a dialogue instead of a prompt.")]
ModelName = Annotated[str, typer.Option(help="skittish, a folder, a Hub id, or openai:NAME.")]
BaseUrl = Annotated[str | None, typer.Option(help="Endpoint of openai:NAME, also as a rephraser.")]
Concurrency = Annotated[int, typer.Option(min=1, help="Requests to endpoints at a time.")]
MaxRequests = Annotated[int | None, typer.Option(min=1, help="Stop before endpoints answer more, judges' too.")]
MaxTotal = Annotated[int | None, typer.Option("--max-tokens-total", min=1, help="Stop before paying for more tokens.")]
Dtype = Annotated[str, typer.Option(help="auto, float32, bfloat16 or float16.")]
Judges = Annotated[str, typer.Option("--judge", help=f"Comma-separated, the first decides: {USAGE}.")]
JudgeUrl = Annotated[str | None, typer.Option("--judge-base-url", help="Endpoint of llm:MODEL.")]
Tokens = Annotated[int, typer.Option(min=1, help="New tokens per answer.")]

Method = Annotated[
    str | None, typer.Option(help=f"Attribution: {', '.join(METHODS)}, or none.", show_default=OWN_METHOD)
]
Target = Annotated[str, typer.Option(help=f"What is attributed: {', '.join((*TARGETS, JUDGED))}.")]
Removal = Annotated[str, typer.Option(help=f"How words are removed: {', '.join(REMOVALS)}.")]
Neutral = Annotated[list[str] | None, typer.Option(help="For --removal neutral: word=replacement, such as kill=stop.")]
Budget = Annotated[int, typer.Option(min=1, help="About how many evaluations a method that samples asks.")]
MitigationsToTry = Annotated[str | None, typer.Option(help="Comma-separated names, or none.", show_default=ALL)]
Triggers = Annotated[str, typer.Option(help="Comma-separated words to mitigate, instead of those found.")]

RunFolder = Annotated[
    Path, typer.Option(help="Run folder; an unfinished run in it goes on. Of several runs, the folder above.")
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(callback=read_settings, is_eager=True, help="YAML file of these options, or paper: the paper's."),
]
Dataset = Annotated[
    str, typer.Option(help="xsb, ms_xsb, ORG/NAME@REVISION:CONFIG on the Hub, or a CSV, JSONL or parquet file.")
]
Split = Annotated[str, typer.Option(help="Split of a release or Hub dataset.")]
Suites = Annotated[str, typer.Option(help="Comma-separated suites beside it, such as adversarial.")]
Revision = Annotated[str | None, typer.Option(help="Branch, tag or commit of a model on the Hub.")]
Mitigations = Annotated[str, typer.Option(help="Comma-separated names; a plus joins several: ignore_word+steer.")]
TriggerMethod = Annotated[
    str | None,
    typer.Option(help="Attribution that finds the triggers, or focus: the record's own.", show_default=OWN_METHOD),
]
HarmJudge = Annotated[
    str, typer.Option(help="Whether answers to unsafe prompts really help to do harm: llm:MODEL or classifier:FOLDER.")
]
Limit = Annotated[int | None, typer.Option(min=1, help="Records of the dataset and of each suite, types taking turns.")]
Temperature = Annotated[float, typer.Option(min=0, max=10, help="Of sampled answers; 0 is greedy.")]
Samples = Annotated[int, typer.Option(min=1, help="Sampled answers to each record.")]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of the sampling.")]
SystemTurn = Annotated[str, typer.Option(help="System turn of every record, in place of its own.")]
EarlierAnswers = Annotated[
    Literal["scripted", "live"],
    typer.Option(help="Earlier answers: as recorded, where they are, or all the model's own."),
]
EarlyStop = Annotated[
    bool, typer.Option("--early-stop", help="End answers whose verdict is settled; not for final figures.")
]
Ray = Annotated[bool, typer.Option("--ray", help="Spread it over a Ray cluster: RAY_ADDRESS's, or one made here.")]
ActorCount = Annotated[int | None, typer.Option("--actors", min=1, help="Models at once with --ray; one on each GPU.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what it would take.")]

HubDryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would change; needs no token.")]
Private = Annotated[bool, typer.Option("--private", help="Make a new repository private.")]

FitDataset = Annotated[str, typer.Option(help="Comma-separated datasets, each as for run.")]
FitSplit = Annotated[str, typer.Option(help="Split to fit on; report on another.")]
FitLimit = Annotated[int | None, typer.Option(min=1, help="Records, types and labels taking turns.")]


def name_list(text: str) -> list[str]:
    """The names between the commas; "none" is no name."""
    return [name for part in text.split(",") if (name := part.strip()) and name != "none"]


def read_asked(prompt: str | None, messages: Path | None) -> Conversation:
    """The conversation that was asked for, of words of the user's at its end.

    Raises:
        InputError: there is none, or none that can be answered.
    """
    from eval.checks import check_conversation

    if (prompt is None) == (messages is None):
        raise InputError("give either a prompt or --messages FILE")
    asked = _dialogue(messages) if messages else conversation(prompt or "")
    check_conversation(asked)
    return asked


def _dialogue(path: Path) -> Conversation:
    """The conversation in a JSON file: a list of {role, content}, or an object that holds it as `messages`."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = content["messages"] if isinstance(content, dict) else content
        return [Message.model_validate(row) for row in rows]
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            f'{path} is not a dialogue: it must be JSON such as [{{"role": "user", "content": "..."}}]'
        ) from error


def one_or_more(text: str) -> list[str]:
    """The names between the commas, each once; a file or folder may have commas in its own."""
    return [text] if text and Path(text).exists() else list(dict.fromkeys(name_list(text)))


def check_file(out: Path) -> None:
    """Raise `InputError` where no file can be written, before there is one to write."""
    if out.is_dir() or not out.parent.is_dir():
        raise InputError(f"{out} cannot be written: give a file in a folder that exists")


def load_all(datasets: Sequence[str], splits: Sequence[str]) -> list[Record]:
    """The records of every split of every dataset; what is to be known of them is said."""
    from eval.load import load

    if not datasets or not splits:
        raise InputError(f"there is no {'split' if datasets else 'dataset'} to load; name one")
    with working(f"loading {','.join(datasets)}"):
        found = [load(name, split) for name in datasets for split in splits]
    _say_notes(found)
    return [record for one in found for record in one.records]


def load_each(datasets: Sequence[str], split: str) -> tuple[dict[str, list[Record]], dict[str, str]]:
    """One split of every dataset, and its commit on the Hub, by its name; what is to be known of them is said."""
    from eval.load import load, pinned

    with working(f"loading {','.join(datasets)}"):
        at = {name: pinned(name) for name in datasets}
        found = {name: load(dataset, split) for name, (dataset, _) in at.items()}
    _say_notes(found.values())
    return {name: one.records for name, one in found.items()}, {name: commit for name, (_, commit) in at.items()}


def _say_notes(found: Iterable["Loaded"]) -> None:
    for note in dict.fromkeys(note for one in found for note in one.notes):
        typer.echo(f"note: {note}", err=True)


def load_both(
    datasets: Sequence[str], splits: Sequence[str], model: str, dtype: str, base_url: str | None
) -> tuple[list[Record], Model]:
    """The records of every split of every dataset, then the model."""
    from eval.models import load_model

    records = load_all(datasets, splits)
    with working(f"loading {model}"):
        return records, load_model(model, dtype=dtype, base_url=base_url)


def load_to_fit(
    dataset: str, split: str, limit: int | None, model: str, dtype: str, lacking: str
) -> tuple[list[Record], OpenWeights]:
    """The records that something of a local model is fitted on, types and labels taking turns, and the model.

    `lacking` names what a model behind an endpoint does not give.

    Raises:
        ModelError: the model has no open weights.
    """
    from eval.load import stratified

    records, loaded = load_both(name_list(dataset), [split], model, dtype, None)
    if not isinstance(loaded, OpenWeights):
        raise ModelError(f"{model} gives no {lacking}; fit a local model")
    return stratified(records, limit), loaded
