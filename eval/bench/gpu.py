"""How fast attribution is on a GPU: a model of Llama-3.1-8B's shape with random weights, made on the device.

python -m eval.bench.gpu [--tiny] [--device cuda]; `--tiny --device cpu` runs the same code on a toy.

Nothing is downloaded, and one token is one word: random weights know no language. The scores are first compared with
the slow reference in float32, on two layers of the same widths. Attention is PyTorch's SDPA with a mask; there are no
CUDA graphs, as no two batches have one shape. NOT YET RUN ON A GPU: only the toy has been, on a CPU.
"""

import sys
from collections.abc import Iterator
from statistics import median
from typing import Annotated, Any

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedTokenizerFast

from eval.bench.flops import matmul_rate, operations, score_load
from eval.bench.meter import metered
from eval.bench.reference import AGREEMENT, slow_scores
from eval.models.transformers import TransformersModel
from eval.progress import track
from eval.record import Conversation, conversation
from eval.removal import Coalitions
from eval.score import CUDA_TOKEN_BUDGET, TOKEN_BUDGET, RefusalScore
from eval.target import COMPLIANCE_OPENERS, REFUSAL_OPENERS, make_target
from eval.words import words

Shape = dict[str, Any]

LLAMA_8B: Shape = {  # config.json of meta-llama/Llama-3.1-8B-Instruct, the context apart
    "vocab_size": 128256, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
    "num_attention_heads": 32, "num_key_value_heads": 8, "max_position_embeddings": 8192, "rms_norm_eps": 1e-5,
}  # fmt: skip
TOY: Shape = {
    "vocab_size": 1000, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 3,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 512,
}  # fmt: skip
TEMPLATE = (
    "{% for m in messages %}<s> {{ m['role'] }} {{ m['content'] }} </s> {% endfor %}"
    "{% if add_generation_prompt %}<s> assistant{% endif %}"
)
TARGET = "refusal_openers"
PROMPT_WORDS = (16, 400)
TOY_WORDS = (4, 12)
SAMPLES = 128
ROUNDS = 3
GOAL = 0.6  # of the rate of matrix products


class RandomModel(TransformersModel):
    """A Llama of any shape with random weights and a tokenizer that knows the words of this bench."""

    def __init__(self, shape: Shape, dtype: torch.dtype, device: str) -> None:
        """Make it on the device, so that no memory of the host is needed."""
        self.name, self.device, self.dtype, self.revision = "random", device, dtype, "random"
        self.tokenizer, self.limit = _tokenizer(), int(shape["max_position_embeddings"])
        torch.manual_seed(0)
        with torch.device(device):
            self.module = AutoModelForCausalLM.from_config(
                LlamaConfig(**shape, pad_token_id=1, bos_token_id=0, eos_token_id=1, attn_implementation="sdpa"),
                dtype=dtype,
            ).eval()
        self._stop = [1]


def main(
    tiny: Annotated[bool, typer.Option("--tiny", help="A toy in place of the 8B model.")] = False,
    device: Annotated[str, typer.Option(help="A torch device.")] = "cuda",
) -> None:
    """Check agreement, then time 16 and 400 words: each left out, and 128 coalitions; exit code 1 if scores differ."""
    shape, lengths = (TOY, TOY_WORDS) if tiny else (LLAMA_8B, PROMPT_WORDS)
    full, half = differences(shape, device, lengths[0])
    console = Console()
    console.print(f"float32: within {full:.1e} nats of the slow reference; bfloat16: within {half:.1e}")
    model = RandomModel(shape, torch.bfloat16, device)
    on_cuda = model.module.device.type == "cuda"
    rate = matmul_rate(model.module, CUDA_TOKEN_BUDGET if on_cuda else TOKEN_BUDGET)
    name = torch.cuda.get_device_name(model.module.device) if on_cuda else device
    title = f"{name}, torch {torch.__version__}, bfloat16, matrix products {rate / 1e12:.4g} TFLOP/s, goal {GOAL:.0%}"
    table = Table("work", "words", "evaluations", "per minute", "TFLOP/s", "share", "peak MB", title=title)
    for cells in track(list(_works(lengths)), "attributions"):
        table.add_row(*_row(model, *cells, rate))
    console.print(table)
    sys.exit(not full <= AGREEMENT)  # also if it is no number


def differences(shape: Shape, device: str, count: int) -> tuple[float, float]:
    """Largest differences (nats) from the slow float32 scores, on two layers: in float32 and in bfloat16."""
    model = RandomModel({**shape, "num_hidden_layers": 2}, torch.float32, device)
    messages = _prompt(count)
    features, target = words(messages), make_target(TARGET, model.tokenizer, "")
    coalitions = _left_out(count)
    exact = slow_scores(model, messages, features, target, coalitions)
    full = RefusalScore(model, messages, features, target)(coalitions)
    model.module.to(torch.bfloat16)
    half = RefusalScore(model, messages, features, target)(coalitions)
    return float(np.abs(full - exact).max()), float(np.abs(half - exact).max())


def _works(lengths: tuple[int, ...]) -> Iterator[tuple[str, int, Coalitions]]:
    for count in lengths:
        yield "ablation", count, _left_out(count)
        yield "shap", count, np.random.default_rng(0).random((SAMPLES, count)) < 0.5


def _row(model: RandomModel, work: str, count: int, coalitions: Coalitions, rate: float) -> list[str]:
    messages, device = _prompt(count), model.module.device
    features, target = words(messages), make_target(TARGET, model.tokenizer, "")
    distinct = np.unique(coalitions, axis=0)
    runs = [metered(lambda: RefusalScore(model, messages, features, target)(distinct), device) for _ in range(ROUNDS)]
    took, peak = median(run.seconds for run in runs), runs[0].peak_mb
    reached = operations(model.module, score_load(model, messages, features, target, distinct)) / took
    cells = [work, count, len(distinct), f"{60 / took:.1f}", f"{reached / 1e12:.4g}", f"{reached / rate:.0%}", peak]
    return [str(cell) for cell in cells]


def _left_out(count: int) -> Coalitions:
    """All words, each left out, none."""
    return np.vstack([np.ones((1, count)), 1 - np.eye(count), np.zeros((1, count))]).astype(bool)


def _prompt(count: int) -> Conversation:
    return conversation(" ".join(f"word{i}" for i in range(count)))


def _tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.WordLevel(unk_token="</s>"))  # no word of the bench is unknown
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = ["<s>", "</s>"]
    texts = [_prompt(max(PROMPT_WORDS))[0].content, "user assistant", *REFUSAL_OPENERS, *COMPLIANCE_OPENERS]
    tokenizer.train_from_iterator(texts, trainers.WordLevelTrainer(special_tokens=special, show_progress=False))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>")
    fast.chat_template = TEMPLATE
    return fast


if __name__ == "__main__":
    typer.run(main)
