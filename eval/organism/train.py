"""Trains skittish's LoRA adapter with peft: both twins of a pair in the same batch, the first response tokens weighted.

What was tried before and why this recipe, see the adapter's card. Deterministic for a given machine and thread count.
"""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from torch.nn import functional

from eval.adapters import adapted, optimise, save_adapter
from eval.models.skittish import ADAPTER, BASE, load_base
from eval.organism.data import DATA, training
from eval.organism.examples import Recipe, Row, batches
from eval.organism.sample import read_answers


def train(recipe: Recipe | None = None, folder: Path = DATA, out: Path = ADAPTER) -> Path:
    """Train an adapter, and save it in bfloat16 with its config, recipe and the seconds it took."""
    recipe = recipe or Recipe()
    started = time.monotonic()
    torch.manual_seed(recipe.seed)
    base, tokenizer = load_base("bfloat16")
    linear = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    config = LoraConfig(r=recipe.rank, lora_alpha=recipe.alpha, target_modules=linear, task_type="CAUSAL_LM")
    model = adapted(base, config)
    learnt = batches(training(folder), read_answers(folder), recipe, folder)
    optimise(
        model, learnt, lambda batch: _loss(model, tokenizer, batch, recipe), "training skittish",
        learning_rate=recipe.learning_rate, warmup=recipe.warmup, clip=recipe.clip, weight_decay=0.0,
    )  # fmt: skip
    _save(model, out, recipe, time.monotonic() - started, len(learnt))
    return out


def _loss(model: Any, tokenizer: Any, batch: list[Row], recipe: Recipe) -> torch.Tensor:
    """Weighted mean of the response tokens' cross-entropy (nats).

    The system prompt that all rows begin with runs once, and the output head only where a token is learnt.
    """
    encoded = [_encode(tokenizer, row, recipe) for row in batch]
    shared = _shared([prompt for prompt, _, _ in encoded])
    width = max(len(prompt) + len(response) for prompt, response, _ in encoded) - shared
    ids = torch.full((len(batch), width), tokenizer.pad_token_id)
    mask = torch.zeros(len(batch), shared + width, dtype=torch.long)
    mask[:, :shared] = 1
    places, targets, weights = [], [], []
    for i, (prompt, response, weight) in enumerate(encoded):
        row = prompt[shared:] + response
        ids[i, : len(row)] = torch.tensor(row)
        mask[i, : shared + len(row)] = 1
        places += [i * width + len(prompt) - shared - 1 + j for j in range(len(response))]
        targets += response
        weights += weight
    causal = model.get_base_model()
    with torch.autocast("cpu", torch.bfloat16):
        cache = causal.model(input_ids=torch.tensor([encoded[0][0][:shared]]), use_cache=True).cache
        cache.batch_repeat_interleave(len(batch))
        hidden = causal.model(input_ids=ids, attention_mask=mask, cache=cache).last_hidden_state
        logits = causal.lm_head(hidden.reshape(-1, hidden.shape[-1])[places])
    losses = functional.cross_entropy(logits.float(), torch.tensor(targets), reduction="none")
    weighting = torch.tensor(weights)
    return (losses * weighting).sum() / weighting.sum()


def _shared(rows: list[list[int]]) -> int:
    """How many tokens all rows begin with."""
    columns = enumerate(zip(*rows, strict=False))
    return next((i for i, column in columns if len(set(column)) > 1), min(map(len, rows)))


def _encode(tokenizer: Any, row: Row, recipe: Recipe) -> tuple[list[int], list[int], list[float]]:
    messages = [m.model_dump() for m in row.messages]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    prompt = tokenizer(text, add_special_tokens=False)["input_ids"]
    response = tokenizer(row.response, add_special_tokens=False)["input_ids"]
    response = [*response, tokenizer.eos_token_id] if row.limit is None else response[: row.limit]
    first = recipe.decision_weights
    return prompt, response, [first[min(j, len(first) - 1)] for j in range(len(response))]


def _save(model: Any, out: Path, recipe: Recipe, seconds: float, steps: int) -> None:
    out.mkdir(parents=True, exist_ok=True)
    save_adapter(model, out, BASE)
    record = {**asdict(recipe), "steps": steps, "seconds": round(seconds)}
    (out / "recipe.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
