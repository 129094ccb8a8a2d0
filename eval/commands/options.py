"""What several commands take: options, names in a list, records with a model."""

from collections.abc import Sequence
from typing import Annotated

import typer

from eval.models.protocol import Model
from eval.progress import working
from eval.record import Record

ModelName = Annotated[str, typer.Option(help="skittish, a folder, a hub id, or openai:NAME.")]
BaseUrl = Annotated[str | None, typer.Option(help="Endpoint of openai:NAME.")]
Dtype = Annotated[str, typer.Option(help="auto, float32, bfloat16 or float16.")]
Tokens = Annotated[int, typer.Option(min=1, help="New tokens per answer.")]


def name_list(text: str) -> list[str]:
    """The names between the commas; "none" is no name."""
    return [name for part in text.split(",") if (name := part.strip()) and name != "none"]


def load_both(
    datasets: Sequence[str], splits: Sequence[str], model: str, dtype: str, base_url: str | None
) -> tuple[list[Record], Model]:
    """The records of every split of every dataset, then the model."""
    from eval.load import load_records
    from eval.models import load_model

    with working(f"loading {','.join(datasets)}") as name_step:
        records = [record for name in datasets for split in splits for record in load_records(name, split)]
        name_step(f"loading {model}")
        return records, load_model(model, dtype=dtype, base_url=base_url)
