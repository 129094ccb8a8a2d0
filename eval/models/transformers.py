"""Any causal language model of transformers with a chat template, on CPU or GPU; safetensors or GGUF only."""

import logging
import time
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch
from jinja2 import TemplateError
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GenerationConfig, GgufConfig

from eval.errors import InputError, ModelError, UnknownName
from eval.memory import out_of_memory
from eval.models.protocol import Reply
from eval.record import Conversation

LOG = logging.getLogger(__name__)  # warnings reach stderr where nothing else is set up
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
THINK = "<think>"
CPU_FLAGS = Path("/proc/cpuinfo")


class TransformersModel:
    """A loaded model and its tokenizer; deterministic greedy generation, left-padded batches."""

    def __init__(self, name: str, source: str, revision: str | None, dtype: str, device: str) -> None:
        """Load `source` (folder or hub id); see `eval.models.load_model`."""
        if dtype not in ("auto", *DTYPES):
            raise UnknownName("dtype", dtype, ("auto", *DTYPES))
        self.name = name
        self.device = device if device != "auto" else best_device()
        computes = best_device() if device == "meta" else self.device
        self.dtype = DTYPES[dtype] if dtype != "auto" else fastest_dtype(computes)
        self.tokenizer, self.module = _load(name, source, revision, self.dtype, empty=device == "meta")
        self.module.to(self.device).eval()
        if self.tokenizer.pad_token_id is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        self.revision = revision or str(getattr(self.module.config, "_commit_hash", None) or "local")
        self._stop = _stop_tokens(self.module, self.tokenizer)
        self._halved = False
        self.limit = int(getattr(self.module.config, "max_position_embeddings", 2048))

    @property
    def facts(self) -> dict[str, str]:
        """Revision, dtype and device."""
        return {"revision": self.revision, "dtype": str(self.dtype).removeprefix("torch."), "device": self.device}

    def render(self, messages: Conversation) -> str:
        """The chat template's text, up to where the assistant begins to answer.

        Raises:
            InputError: the template does not take such a conversation.
        """
        turns = [message.model_dump() for message in messages]
        try:
            return str(self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
        except TemplateError as error:  # a template may forbid system turns or two user turns in a row
            raise InputError(f"the chat template of {self.name} refuses this conversation: {error}") from error

    def generate(self, conversations: Sequence[Conversation], max_new_tokens: int = 128) -> list[Reply]:
        """Greedy answers in order; one padded batch, in halves where memory runs out."""
        try:
            return self._answers(conversations, max_new_tokens)
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            if len(conversations) == 1:
                raise ModelError(f"{self.name} runs out of memory on one conversation; shorten it") from error
        if not self._halved:
            self._halved = True
            LOG.warning("memory ran out on %d conversations at once; going on with half as many", len(conversations))
        middle = len(conversations) // 2
        halves = (conversations[:middle], conversations[middle:])
        return [reply for half in halves for reply in self.generate(half, max_new_tokens)]

    @torch.inference_mode()
    def _answers(self, conversations: Sequence[Conversation], max_new_tokens: int) -> list[Reply]:
        started = time.perf_counter()
        inputs = self._encode(conversations, max_new_tokens).to(self.device)
        greedy = GenerationConfig(
            do_sample=False,
            repetition_penalty=1.0,  # or the model's own default would bend the argmax
            no_repeat_ngram_size=0,
            max_new_tokens=max_new_tokens,
            eos_token_id=self._stop,
            pad_token_id=self.tokenizer.pad_token_id,
        )
        output = self.module.generate(**inputs, generation_config=greedy)[:, inputs["input_ids"].shape[1] :]
        seconds = (time.perf_counter() - started) / len(conversations)
        begun = [THINK if self.render(c).rstrip().endswith(THINK) else "" for c in conversations]
        return [self._reply(row, seconds, said) for row, said in zip(output, begun, strict=True)]

    def _encode(self, conversations: Sequence[Conversation], max_new_tokens: int) -> Any:
        for messages in conversations:
            if not messages or not messages[-1].content.strip():
                raise InputError("the prompt is empty; give a text of at least one word")
        texts = [self.render(c) for c in conversations]
        inputs = self.tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
        length = inputs["input_ids"].shape[1]
        if length + max_new_tokens > self.limit:
            raise InputError(
                f"the conversation has {length} tokens; {self.name} holds {self.limit}, of which {max_new_tokens} are "
                "kept for the answer: shorten it"
            )
        return inputs

    def _reply(self, row: torch.Tensor, seconds: float, begun: str) -> Reply:
        """The text of a row, after what the chat template has begun it with, so that reasoning can be told from it."""
        stops = torch.isin(row, torch.tensor(self._stop, device=row.device)).nonzero()
        tokens = int(stops[0]) if len(stops) else len(row)
        text = self.tokenizer.decode(row[:tokens], skip_special_tokens=True)
        finish = "stop" if len(stops) else "length"
        return Reply(text=(begun + text).strip(), tokens=tokens, seconds=seconds, finish=finish)


def best_device() -> str:
    """CUDA if there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def fastest_dtype(device: str) -> torch.dtype:
    """bfloat16 on CUDA and on processors that multiply in it (AMX, AVX512-BF16), else float32."""
    if device.startswith("cuda"):
        return torch.bfloat16
    flags = CPU_FLAGS.read_text() if CPU_FLAGS.exists() else ""
    return torch.bfloat16 if "amx_bf16" in flags or "avx512_bf16" in flags else torch.float32


def _load(name: str, source: str, revision: str | None, dtype: torch.dtype, empty: bool) -> tuple[Any, Any]:
    folder, file, weights = _files(source)
    shared = {"revision": revision, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left", **shared, **file)
        if empty:
            with torch.device("meta"):
                config = AutoConfig.from_pretrained(folder, **shared, **file)
                module = AutoModelForCausalLM.from_config(config, dtype=dtype)
        else:
            module = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, **shared, **weights)
    except (OSError, ValueError, RuntimeError, KeyError, ImportError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:200]
        near = " Did you mean skittish?" if get_close_matches(name, ["skittish"]) else ""
        raise ModelError(
            f"model {name!r} cannot be loaded.{near} ({reason}) Allowed: skittish, openai:NAME, a folder, a .gguf "
            "file, or a hub id such as meta-llama/Llama-3.2-1B-Instruct that you may access; check spelling and network"
        ) from error
    if not tokenizer.chat_template:
        raise ModelError(f"model {name!r} has no chat template; use an instruction-tuned version of it")
    return tokenizer, module


def _files(source: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Folder or hub id, and what from_pretrained needs to find tokenizer (and config), and weights, in it."""
    path = Path(source)
    if path.is_file() and path.suffix == ".gguf":
        file = {"gguf_file": path.name}
        return str(path.parent), file, {**file, "quantization_config": GgufConfig(dequantize=True)}
    if path.exists() and not (path / "config.json").exists():
        raise ModelError(f"{source!r} holds no config.json; give a folder for from_pretrained, or a .gguf file")
    return source, {}, {"use_safetensors": True}


def _stop_tokens(module: Any, tokenizer: Any) -> list[int]:
    configured = module.generation_config.eos_token_id
    ids = configured if isinstance(configured, list) else [configured]
    return sorted({i for i in (*ids, tokenizer.eos_token_id) if i is not None})
