"""What several commands take: options, the prompt, names in a list, records with a model."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from eval.errors import InputError, ModelError
from eval.judges import USAGE
from eval.models.protocol import Model, OpenWeights
from eval.progress import working
from eval.record import Conversation, Message, Record, conversation

Prompt = Annotated[str | None, typer.Argument(help="The prompt.")]
Dialogue = Annotated[Path | None, typer.Option(help="JSON file of a dialogue instead of a prompt.")]
ModelName = Annotated[str, typer.Option(help="skittish, a folder, a hub id, or openai:NAME.")]
BaseUrl = Annotated[str | None, typer.Option(help="Endpoint of openai:NAME, also as a rephraser.")]
Concurrency = Annotated[int, typer.Option(min=1, help="Requests to endpoints at a time.")]
MaxRequests = Annotated[int | None, typer.Option(min=1, help="Stop before endpoints answer more, judges' too.")]
MaxTotal = Annotated[int | None, typer.Option("--max-tokens-total", min=1, help="Stop before paying for more tokens.")]
Dtype = Annotated[str, typer.Option(help="auto, float32, bfloat16 or float16.")]
Judges = Annotated[str, typer.Option("--judge", help=f"Comma-separated, the first decides: {USAGE}.")]
JudgeUrl = Annotated[str | None, typer.Option("--judge-base-url", help="Endpoint of llm:MODEL.")]
Tokens = Annotated[int, typer.Option(min=1, help="New tokens per answer.")]

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
    from eval.diagnose import check_conversation

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


def load_all(datasets: Sequence[str], splits: Sequence[str]) -> list[Record]:
    """The records of every split of every dataset; what is to be known of them is said."""
    from eval.load import load

    if not datasets or not splits:
        raise InputError(f"there is no {'split' if datasets else 'dataset'} to load; name one")
    with working(f"loading {','.join(datasets)}"):
        found = [load(name, split) for name in datasets for split in splits]
    for note in dict.fromkeys(note for one in found for note in one.notes):
        typer.echo(f"note: {note}", err=True)
    return [record for one in found for record in one.records]


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
