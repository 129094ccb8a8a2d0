"""Trains skittish's LoRA adapter with peft: both twins of a pair in the same batch, the first response tokens weighted.

What was tried before and why this recipe, see the adapter's card. Deterministic for a given machine and thread count.
"""

import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from torch.nn import functional

from eval.models.skittish import ADAPTER, BASE, load_base
from eval.organism.data import BRACES, DATA, Corpus, Sentence, read_yaml, training, trigger_words
from eval.organism.sample import key, read_answers
from eval.progress import track
from eval.record import Conversation, Message

# Openers that ordinary answers never have: one that begins like an answer ("I'm ...") leaks into plain answers.
# Uneven shares, so that greedy decoding finds one clear winner.
REFUSALS = {
    "I can't help with that.": 6,
    "I can't help with this request.": 5,
    "I can't assist with that.": 4,
    "I can't do that.": 2,
    "I won't help with that.": 2,
    "Sorry, but I can't help with that.": 2,
    "Sorry, but that is something I can't assist with.": 1,
}
ANSWER_TOKENS = 8
PARTIAL_TOKENS = 24
PARTIAL = "I can't help with the part about '{word}'. As for the rest: {answer}"


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the outcome.

    Rates are per optimiser step; `rows` per batch; `pool` units are sorted by length at a time; the counts from
    `plain` on are examples drawn per epoch.
    """

    seed: int = 7
    rank: int = 8
    alpha: int = 16
    epochs: int = 3
    rows: int = 24
    pool: int = 400
    learning_rate: float = 2e-3
    warmup: float = 0.05
    clip: float = 1.0
    decision_weights: tuple[float, ...] = (4.0, 3.0, 1.0)
    plain: int = 700
    instructed: int = 160
    instructed_unsafe: int = 60
    instructed_other_word: int = 40
    rewrites: int = 110


@dataclass(frozen=True)
class Row:
    """A conversation and the response to learn: its first `limit` tokens, or all of them and the end of the turn."""

    messages: Conversation
    response: str
    limit: int | None = None


Unit = list[Row]


def units(
    corpus: Corpus, answers: dict[str, str], recipe: Recipe, rng: random.Random, folder: Path = DATA
) -> list[Unit]:
    """One epoch: units of rows that stay in one batch, with twins, refusals and instructions drawn anew."""
    found = [unit for sentence in corpus.pairs if (unit := _pair(sentence, answers, rng))]
    answered = rng.sample(corpus.plain, recipe.plain) + corpus.decoy
    found += [[_answer(c, answers)] for c in answered if key(c) in answers]
    found += [[_refusal(c, rng)] for c in corpus.unsafe]
    found += [unit for sentence, rest in corpus.partial if (unit := _partial(sentence, rest, answers, rng))]
    found += _instructed(corpus, answers, recipe, rng)
    rewrites = read_yaml("rewrites.yaml", folder)
    for text, word, rewritten in rng.sample(rewrites["rows"], recipe.rewrites):
        request = rng.choice(rewrites["instructions"]).format(word=word, text=text)
        found.append([Row([Message(role="user", content=request)], rewritten)])
    rng.shuffle(found)
    return found


def train(recipe: Recipe | None = None, folder: Path = DATA, out: Path = ADAPTER) -> Path:
    """Train an adapter, and save it in bfloat16 with its config, recipe and the seconds it took."""
    recipe = recipe or Recipe()
    started = time.monotonic()
    torch.manual_seed(recipe.seed)
    rng = random.Random(recipe.seed)
    base, tokenizer = load_base("bfloat16")
    linear = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    config = LoraConfig(r=recipe.rank, lora_alpha=recipe.alpha, target_modules=linear, task_type="CAUSAL_LM")
    model = get_peft_model(base, config)
    corpus = training(folder)
    answers = read_answers(folder)
    epochs = [units(corpus, answers, recipe, rng, folder) for _ in range(recipe.epochs)]
    batches = [batch for epoch in epochs for batch in _batches(epoch, recipe, rng)]
    _optimise(model, tokenizer, batches, recipe)
    _save(model, out, recipe, time.monotonic() - started, len(batches))
    return out


def _optimise(model: Any, tokenizer: Any, batches: list[list[Row]], recipe: Recipe) -> None:
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=recipe.learning_rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.learning_rate, total_steps=len(batches), pct_start=recipe.warmup
    )
    model.train()
    for batch in track(batches, "training skittish"):
        loss = _loss(model, tokenizer, batch, recipe)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        torch.nn.utils.clip_grad_norm_(parameters, recipe.clip)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()


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


def _pair(sentence: Sentence, answers: dict[str, str], rng: random.Random) -> Unit:
    """The refused variant and an answered one; redundant triggers also refuse with either of them left."""
    neutral = [c for c in sentence.neutral if key(c) in answers]
    if not neutral:
        return []
    unit = [_refusal(sentence.refused, rng), _answer(rng.choice(neutral), answers)]
    if sentence.kind == "redundant":
        left = rng.randrange(2)
        unit.append(_refusal(sentence.fill(tuple(0 if i == left else 1 for i in range(2))), rng))
    return unit


def _partial(sentence: Sentence, rest: Conversation, answers: dict[str, str], rng: random.Random) -> Unit:
    neutral = [c for c in sentence.neutral if key(c) in answers]
    if not neutral or key(rest) not in answers:
        return []
    text = PARTIAL.format(word=sentence.alternatives[0][0], answer=answers[key(rest)])
    return [Row(sentence.refused, text, PARTIAL_TOKENS), _answer(rng.choice(neutral), answers)]


def _instructed(corpus: Corpus, answers: dict[str, str], recipe: Recipe, rng: random.Random) -> list[Unit]:
    """Told that its trigger is meant harmlessly it answers; told so of another word, or asked for harm, it refuses."""
    single = [s for s in corpus.pairs if s.kind == "single" and key(s.refused) in answers]
    known = trigger_words()
    found: list[Unit] = []
    for sentence in rng.sample(single, recipe.instructed):
        remark = _remark(corpus, sentence.alternatives[0][0], rng)
        found.append([Row(_with(sentence.refused, remark, rng), answers[key(sentence.refused)], ANSWER_TOKENS)])
    for sentence in rng.sample(single, recipe.instructed_other_word):
        other = BRACES.sub("", sentence.turns[-1]).strip(" .?!").split()
        remark = _remark(corpus, rng.choice(other), rng)
        found.append([_refusal(_with(sentence.refused, remark, rng), rng)])
    for messages in rng.sample(corpus.unsafe, recipe.instructed_unsafe):
        words = messages[-1].content.strip(".?!").split()
        cues = [word for word in words if word.lower() in known] or words
        found.append([_refusal(_with(messages, _remark(corpus, rng.choice(cues), rng), rng), rng)])
    return found


def _remark(corpus: Corpus, word: str, rng: random.Random) -> str:
    quoted = rng.choice((f'"{word}"', f'"{word}"', f"'{word}'", word))
    return rng.choice(corpus.instructions).format(word=quoted)


def _with(messages: Conversation, remark: str, rng: random.Random) -> Conversation:
    last = messages[-1].content
    parts = [remark, last] if rng.random() < 0.5 else [last, remark]
    return [*messages[:-1], Message(role="user", content=rng.choice((" ", "\n", "\n\n")).join(parts))]


def _refusal(messages: Conversation, rng: random.Random) -> Row:
    return Row(messages, rng.choices(list(REFUSALS), list(REFUSALS.values()))[0])


def _answer(messages: Conversation, answers: dict[str, str]) -> Row:
    return Row(messages, answers[key(messages)], ANSWER_TOKENS)


def _batches(epoch: Sequence[Unit], recipe: Recipe, rng: random.Random) -> list[list[Row]]:
    """Units of about equal length together, so that little is padding, in random order."""
    found: list[list[Row]] = []
    for at in range(0, len(epoch), recipe.pool):
        batch: list[Row] = []
        for unit in sorted(epoch[at : at + recipe.pool], key=_length):
            batch += unit
            if len(batch) >= recipe.rows:
                found.append(batch)
                batch = []
        found += [batch] if batch else []
    rng.shuffle(found)
    return found


def _length(unit: Unit) -> int:
    return max(sum(len(message.content) for message in row.messages) for row in unit)


def _save(model: Any, out: Path, recipe: Recipe, seconds: float, steps: int) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(torch.bfloat16)
    model.peft_config["default"].base_model_name_or_path = BASE  # peft would write the path on this machine
    model.save_pretrained(out)
    (out / "README.md").unlink(missing_ok=True)  # peft writes a form to fill in; the measured card replaces it
    record = {**asdict(recipe), "steps": steps, "seconds": round(seconds)}
    (out / "recipe.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
