"""Any causal language model of transformers with a chat template, on CPU or GPU; safetensors or GGUF only."""

import logging
import time
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from textwrap import shorten
from typing import Any

import torch
from jinja2 import TemplateError
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GgufConfig

from eval.errors import InputError, ModelError, UnknownName
from eval.models.decoding import CPU_LIMITS, CUDA_LIMITS, Ended, Limits, decodable, decode
from eval.models.memory import out_of_memory
from eval.models.padded import decode_padded
from eval.models.protocol import Reply, Settled
from eval.models.sampling import GumbelNoise
from eval.pinned import commit_of
from eval.record import Conversation

LOG = logging.getLogger(__name__)  # warnings reach stderr where nothing else is set up
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
THINK = "<think>"
CPU_FLAGS = Path("/proc/cpuinfo")


class _Answers(dict[int, list[int]]):
    """The tokens of answers by place; each is told as soon as it is there."""

    def __init__(self, told: Callable[[int, list[int]], None]) -> None:
        super().__init__()
        self._told = told

    def __setitem__(self, place: int, tokens: list[int]) -> None:
        super().__setitem__(place, tokens)
        self._told(place, tokens)


class TransformersModel:
    """A loaded model and its tokenizer; deterministic greedy generation in batches."""

    def __init__(self, name: str, source: str, revision: str | None, dtype: str, device: str) -> None:
        """Load `source` (folder or Hub id); see `eval.models.load_model`."""
        if dtype not in ("auto", *DTYPES):
            raise UnknownName("dtype", dtype, ("auto", *DTYPES))
        self.name, revision = name, commit_of(source, "model", revision)
        self.device = device if device != "auto" else best_device()
        computes = best_device() if device == "meta" else self.device
        self.dtype = DTYPES[dtype] if dtype != "auto" else fastest_dtype(computes)
        self.tokenizer, self.module = _load(name, source, revision, self.dtype, empty=device == "meta")
        self.module.to(self.device).eval()
        if self.tokenizer.pad_token_id is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        self.revision = revision or str(getattr(self.module.config, "_commit_hash", None) or "local")
        self._stop = _stop_tokens(self.module, self.tokenizer)
        self.decodable, self._warned = decodable(self.module), False
        self.limit = int(getattr(self.module.config, "max_position_embeddings", 2048))

    def __repr__(self) -> str:
        """What a user sees of it: name, revision, dtype, device."""
        return f"<{self.name}: {', '.join(self.facts.values())}>"

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

    def generate(
        self,
        conversations: Sequence[Conversation],
        max_new_tokens: int = 128,
        *,
        temperature: float = 0.0,
        seeds: Sequence[int] = (),
        settled: Settled | None = None,
        watch: Ended | None = None,
        done: Callable[[int, Reply], None] | None = None,
    ) -> list[Reply]:
        """Answers in order, greedy or sampled, many at once, and half as many where memory runs out.

        Args:
            conversations: each ends in words of the user's.
            max_new_tokens: of an answer.
            temperature: above 0, answers are sampled.
            seeds: of the sampling, one for each conversation.
            settled: given a conversation and the beginning of its answer, whether the answer may end there.
            watch: in its place: called with the place of a conversation and the tokens of its answer so far, whenever
                there is one more; whether the answer ends there. Not called for models that are not `decodable`.
            done: called with the place of a conversation and its answer as soon as that has ended; `seconds` are then
                those since the beginning.

        Raises:
            InputError: a conversation is empty or does not fit the context.
            ModelError: memory runs out on a single conversation.
        """
        started = time.perf_counter()
        texts = self._rendered(conversations)
        prompts = self._encode(texts, max_new_tokens)
        noise = GumbelNoise(temperature, seeds, len(prompts)) if temperature else None
        ended = watch or self._ended(conversations, settled)
        begun = [THINK if text.rstrip().endswith(THINK) else "" for text in texts]

        def tell(place: int, tokens: list[int]) -> None:
            assert done
            done(place, self._reply(tokens, time.perf_counter() - started, max_new_tokens, begun[place]))

        found = _Answers(tell) if done else dict[int, list[int]]()
        limits = CUDA_LIMITS if self.device.startswith("cuda") else CPU_LIMITS
        while len(found) < len(prompts):
            try:
                self._decode(prompts, max_new_tokens, limits, found, ended, noise)
            except RuntimeError as error:
                if not out_of_memory(error):
                    raise
                limits = self._halved(limits, len(prompts), error)
        seconds = (time.perf_counter() - started) / max(1, len(prompts))
        return [self._reply(found[at], seconds, max_new_tokens, said) for at, said in enumerate(begun)]

    def _decode(
        self, prompts: list[list[int]], max_new_tokens: int, limits: Limits, found: dict[int, list[int]], ended: Ended,
        noise: GumbelNoise | None,
    ) -> None:  # fmt: skip
        if self.decodable:
            decode(self.module, prompts, max_new_tokens, self._stop, limits, found, ended, noise)
        else:
            decode_padded(self.module, prompts, max_new_tokens, self._stop, limits, found, noise)

    def _ended(self, conversations: Sequence[Conversation], settled: Settled | None) -> Ended:
        if settled is None:
            return lambda _place, _tokens: False
        return lambda place, tokens: settled(conversations[place], self._text(tokens))

    def _halved(self, limits: Limits, count: int, error: RuntimeError) -> Limits:
        rows = min(limits.rows, count)
        if rows == 1:
            raise ModelError(f"{self.name} runs out of memory on one conversation; shorten it") from error
        if not self._warned:
            self._warned = True
            LOG.warning("memory ran out on %d conversations at once; going on with half as many", rows)
        return limits._replace(rows=rows // 2)

    def _rendered(self, conversations: Sequence[Conversation]) -> list[str]:
        for messages in conversations:
            if not messages or not messages[-1].content.strip():
                raise InputError("the prompt is empty; give a text of at least one word")
        return [self.render(messages) for messages in conversations]

    def _encode(self, texts: list[str], max_new_tokens: int) -> list[list[int]]:
        prompts: list[list[int]] = self.tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []
        length = max(map(len, prompts), default=0)
        if length + max_new_tokens > self.limit:
            raise InputError(
                f"the conversation has {length} tokens; {self.name} holds {self.limit}, of which {max_new_tokens} are "
                "kept for the answer: shorten it"
            )
        return prompts

    def _reply(self, tokens: list[int], seconds: float, most: int, begun: str) -> Reply:
        """The text of a row, after what the chat template has begun it with, so that reasoning can be told from it."""
        finish = "stop" if len(tokens) < most else "length"
        return Reply(text=(begun + self._text(tokens)).strip(), tokens=len(tokens), seconds=seconds, finish=finish)

    def _text(self, tokens: list[int]) -> str:
        return str(self.tokenizer.decode(tokens, skip_special_tokens=True)).strip()


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
        reason = shorten(str(error), 200, placeholder=" ...")
        near = " Did you mean skittish?" if get_close_matches(name, ["skittish"]) else ""
        raise ModelError(
            f"model {name!r} cannot be loaded.{near} ({reason}) Allowed: skittish, openai:NAME, a folder, a .gguf "
            "file, or a Hub id such as meta-llama/Llama-3.2-1B-Instruct that you may access (`hf auth login`); "
            "check spelling and network"
        ) from error
    if not tokenizer.chat_template:
        raise ModelError(f"model {name!r} has no chat template; use an instruction-tuned version of it")
    return tokenizer, module


def _files(source: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Folder or Hub id, and what from_pretrained needs to find tokenizer (and config), and weights, in it."""
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
