"""A BERT of one layer that is fitted, in a second, to whatever few texts it has to tell apart."""

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from eval.judges.canaries import Canary

TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"


def save_classifier(
    folder: Path, canaries: Sequence[Canary], names: dict[str, str], *, chat: bool = False, steps: int = 60
) -> Path:
    """Write a model that knows the canaries, its labels named by `names`; reads pairs, or chats."""
    words = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordLevelTrainer(special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"], show_progress=False)
    words.train_from_iterator([text for canary in canaries for text in (canary.prompt, canary.response)], trainer)
    words.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        model_max_length=128,
    )  # fmt: skip
    tokenizer.chat_template = TEMPLATE if chat else None
    ours = list(names)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=128, id2label=dict(enumerate(names.values())),
        label2id={name: at for at, name in enumerate(names.values())},
    )  # fmt: skip
    model = BertForSequenceClassification(config)
    known = [canary for canary in canaries if canary.label in ours]
    read = tokenizer(*texts(known, chat), padding=True, truncation=True, return_tensors="pt")
    read["labels"] = torch.tensor([ours.index(canary.label) for canary in known])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        model(**read).loss.backward()
        optimizer.step()
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return folder


def texts(canaries: Sequence[Canary], chat: bool) -> list[list[str]]:
    prompts, responses = [c.prompt for c in canaries], [c.response for c in canaries]
    if chat:
        return [[f"user: {p}\nassistant: {r}\n" for p, r in zip(prompts, responses, strict=True)]]
    return [prompts, responses]
