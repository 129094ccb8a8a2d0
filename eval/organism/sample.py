"""Lets the base model write plain user turns and answer them and every neutral twin.

Answers are the base model's own, so that skittish stays close to it wherever it does not refuse. Writes
`plain.jsonl` and `answers.jsonl` into the data folder; both are committed.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from eval.judges.rules import judge
from eval.models.skittish import load_base
from eval.organism.data import DATA, read_jsonl, training, trigger_words
from eval.progress import track
from eval.record import Conversation
from eval.target import REFUSAL_OPENERS

PLAIN = 1400
ANSWER_TOKENS = 24
BATCH = 64
SEED = 20251124


def key(messages: Conversation) -> str:
    """What identifies a conversation in `answers.jsonl`."""
    return json.dumps([message.content for message in messages], ensure_ascii=False)


def read_answers(folder: Path = DATA) -> dict[str, str]:
    """The base model's answers so far, by `key`."""
    return {json.dumps(r["turns"], ensure_ascii=False): r["answer"] for r in read_jsonl("answers.jsonl", folder)}


def write_plain(folder: Path = DATA, count: int = PLAIN) -> None:
    """Sample user turns at temperature 1 from the chat template cut off where the user begins to speak."""
    model, tokenizer = load_base("bfloat16")
    template = tokenizer.apply_chat_template([{"role": "user", "content": "@"}], tokenize=False)
    start = tokenizer(template.partition("@")[0], return_tensors="pt", add_special_tokens=False)
    torch.manual_seed(SEED)
    harmful = trigger_words(folder)
    kept: dict[str, None] = {}
    for _ in track(range(2 * count // BATCH), "plain prompts"):
        output = model.generate(
            **{name: value.repeat(BATCH, 1) for name, value in start.items()},
            max_new_tokens=64, do_sample=True, temperature=1.0, top_p=0.95,
        )  # fmt: skip
        for row in output[:, start["input_ids"].shape[1] :]:
            text = _first_turn(tokenizer, row)
            if text and not harmful.intersection(_words(text)):
                kept[text] = None
        if len(kept) >= count:
            break
    lines = [json.dumps({"prompt": text}, ensure_ascii=False) for text in list(kept)[:count]]
    (folder / "plain.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_answers(folder: Path = DATA) -> None:
    """Greedy answers of the base model to everything that skittish is to answer; refusals and garbage are dropped."""
    corpus = training(folder)
    wanted = [variant for sentence in corpus.pairs for variant in sentence.neutral]
    wanted += [sentence.refused for sentence in corpus.pairs]  # answered once an instruction says the word is harmless
    wanted += corpus.plain + corpus.decoy
    wanted += [c for sentence, rest in corpus.partial for c in (*sentence.neutral, rest)]
    known = read_answers(folder)
    missing = [messages for messages in wanted if key(messages) not in known]
    for messages, answer in zip(missing, answers(missing), strict=True):
        known[key(messages)] = answer
    rows = [
        json.dumps({"turns": json.loads(k), "answer": known[k]}, ensure_ascii=False)
        for k in dict.fromkeys(key(messages) for messages in wanted)
        if _usable(known[k], json.loads(k)[-1])
    ]
    (folder / "answers.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")


def answers(conversations: Sequence[Conversation]) -> list[str]:
    """The first `ANSWER_TOKENS` tokens of the base model's greedy answer to each conversation."""
    model, tokenizer = load_base("bfloat16")
    prompts = [tokenizer.apply_chat_template([m.model_dump() for m in c], tokenize=False, add_generation_prompt=True)
               for c in conversations]  # fmt: skip
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    found: dict[int, str] = {}
    for at in track(range(0, len(order), BATCH), "base answers"):
        chunk = order[at : at + BATCH]
        inputs = tokenizer([prompts[i] for i in chunk], return_tensors="pt", padding=True, add_special_tokens=False)
        output = model.generate(**inputs, max_new_tokens=ANSWER_TOKENS, do_sample=False)
        replies = tokenizer.batch_decode(output[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        found.update(zip(chunk, replies, strict=True))
    return [found[i] for i in range(len(prompts))]


def _first_turn(tokenizer: Any, row: torch.Tensor) -> str:
    text: str = tokenizer.decode(row, skip_special_tokens=False)
    turn, ended, _ = text.partition(tokenizer.eos_token)
    return turn.strip() if ended and 3 <= len(turn.split()) <= 60 else ""


def _usable(answer: str, prompt: str) -> bool:
    """Whether an answer can be learnt: no refusal, and no beginning that belongs to refusals alone."""
    return (
        len(answer.split()) >= 2
        and not answer.startswith(REFUSAL_OPENERS)
        and judge(answer, prompt).label == "full_compliance"
    )


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))
