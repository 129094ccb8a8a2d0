"""Trains the harm reader's adapter with peft, and chooses the threshold on requests that it had not learnt from."""

import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig
from torch.nn.functional import binary_cross_entropy_with_logits

from eval.adapters import adapted, optimise, save_adapter
from eval.embedding import HUB_ID, load_encoder
from eval.harm.corpus import Example
from eval.harm.reader import ADAPTER, WINDOW, Reader, log_odds

WEIGHT_DECAY = 0.01


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the outcome.

    `pool` batches are sorted by length at a time; `smoothing` keeps labels so far from 0 and 1; records that are learnt
    from count `repeated` times; `passing` is the share of harmful requests that may stay below the threshold, among the
    records that were held out.
    """

    seed: int = 0
    rank: int = 32
    alpha: int = 64
    dropout: float = 0.1
    epochs: int = 3
    rows: int = 32
    pool: int = 16
    learning_rate: float = 2.5e-4
    warmup: float = 0.1
    clip: float = 1.0
    smoothing: float = 0.02
    repeated: int = 2
    passing: float = 0.05


def train(
    written: Sequence[Example], records: Sequence[Example], recipe: Recipe | None = None, out: Path = ADAPTER
) -> dict[str, Any]:
    """Train on all that was written and half of the records, and choose the threshold on the other half.

    Args:
        written: contrast sets and other sentences.
        records: of the dataset's dev split; pairs and scenarios stay in one half.
        recipe: see there.
        out: folder of the adapter.

    Returns:
        What is written to `head.json` beside the weights: the threshold and how it was chosen.
    """
    recipe = recipe or Recipe()
    started = time.monotonic()
    learnt, held_out = halves(records)
    reader = _fitted([*written, *learnt * recipe.repeated], recipe)
    chosen = _chosen(held_out, log_odds(reader, [one.text for one in held_out]), recipe.passing)
    _save(reader, out, chosen)
    record = {**asdict(recipe), "written": len(written), "records": len(learnt)}
    record["seconds"] = round(time.monotonic() - started)
    (out / "recipe.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return chosen


def halves(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """To learn from, and to hold out; whole groups, by a hash of their names."""
    odd = [int(sha256(one.group.encode()).hexdigest(), 16) % 2 == 1 for one in examples]
    found = list(zip(examples, odd, strict=True))
    return [one for one, is_odd in found if is_odd], [one for one, is_odd in found if not is_odd]


def _chosen(held_out: Sequence[Example], odds: Sequence[float], passing: float) -> dict[str, Any]:
    """The highest threshold that so few harmful requests are not above, and what is below it."""
    by_label = {
        harmful: np.array([one for one, example in zip(odds, held_out, strict=True) if example.harmful == harmful])
        for harmful in (True, False)
    }
    threshold = round(float(np.quantile(by_label[True], passing, method="lower")), 2)
    return {
        "threshold": threshold,
        "harmful": len(by_label[True]),
        "harmful_below": int((by_label[True] <= threshold).sum()),
        "harmless": len(by_label[False]),
        "harmless_below": int((by_label[False] <= threshold).sum()),
    }


def _fitted(examples: Sequence[Example], recipe: Recipe) -> Reader:
    torch.manual_seed(recipe.seed)
    rng = random.Random(recipe.seed)
    encoder, tokenizer = load_encoder()
    linear = ["query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense"]
    config = LoraConfig(r=recipe.rank, lora_alpha=recipe.alpha, lora_dropout=recipe.dropout, target_modules=linear)
    reader = Reader(adapted(encoder, config), tokenizer)
    batches = [batch for _ in range(recipe.epochs) for batch in _batches(examples, recipe, rng)]
    harmful = sum(one.harmful for one in examples)
    weight = torch.tensor((len(examples) - harmful) / harmful)
    optimise(
        reader, batches, lambda batch: _loss(reader, batch, weight, recipe), "training the harm reader",
        learning_rate=recipe.learning_rate, warmup=recipe.warmup, clip=recipe.clip, weight_decay=WEIGHT_DECAY,
    )  # fmt: skip
    return reader.eval()


def _batches(examples: Sequence[Example], recipe: Recipe, rng: random.Random) -> Iterator[list[Example]]:
    """One epoch: batches of about equal length, in random order."""
    order = rng.sample(examples, len(examples))
    step = recipe.rows * recipe.pool
    pools = [sorted(order[at : at + step], key=lambda one: len(one.text)) for at in range(0, len(order), step)]
    batches = [pool[at : at + recipe.rows] for pool in pools for at in range(0, len(pool), recipe.rows)]
    yield from rng.sample(batches, len(batches))


def _loss(reader: Reader, batch: Sequence[Example], weight: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """Cross-entropy (nats), both labels weighing alike over the whole corpus."""
    inputs = reader.tokenizer(
        [one.text for one in batch], padding=True, truncation=True, max_length=WINDOW + 2, return_tensors="pt"
    )
    labels = torch.tensor([abs(one.harmful - recipe.smoothing) for one in batch])
    with torch.autocast("cpu", torch.bfloat16):
        odds = reader(inputs)
    return binary_cross_entropy_with_logits(odds.float(), labels, pos_weight=weight)


def _save(reader: Reader, out: Path, chosen: dict[str, Any]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    head = {"weight": reader.head.weight[0].tolist(), "bias": reader.head.bias.item(), **chosen}
    (out / "head.json").write_text(json.dumps(head) + "\n", encoding="utf-8")
    save_adapter(reader.encoder, out, HUB_ID)
