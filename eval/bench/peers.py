"""The same work by other libraries, asked as their documentation asks them.

captum (https://captum.ai) is a dependency; inseq (https://inseq.org) is none, and is left out where it is not
installed. Neither uses a chat template or finds words: both are given to them.

captum runs the response token by token. Its cache for that is switched off: with transformers 5 captum 0.9 hands over
the whole prompt again at each token, on top of the cache, which gives other numbers and takes longer. It can also run
prompt and response in one pass (`ONE_PASS`), which its documentation calls an approximation but here gives the same
numbers, and is its fastest way; both ways are measured.
"""

from collections.abc import Callable
from copy import deepcopy
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from eval.models.protocol import OpenWeights
from eval.record import Conversation
from eval.target import Array
from eval.words import without, words

Peer = Callable[[OpenWeights, Conversation, str, int], Array]
Options = dict[str, bool]

BY_TOKEN: Options = {"use_cached_outputs": False}
ONE_PASS: Options = {"forward_in_tokens": False}
ONE_PASS_CAPTUM = "captum in one pass"

INSTALL_INSEQ = (
    "inseq is not installed, so its rows are left out; get them with: pip install -c constraints.txt -e '.[bench]'"
)


def captum_ablation(
    model: OpenWeights, messages: Conversation, response: str, evaluations: int, options: Options = BY_TOKEN
) -> Array:
    """`FeatureAblation` over the words, each deleted as the refusal score's removal `delete` does.

    Args:
        model: with open weights.
        messages: the conversation.
        response: the text whose log-probability is explained.
        evaluations: not asked: one per word, and one of the whole text.
        options: how captum runs the response.

    Returns:
        One share per word, nats per token of the response.
    """
    del evaluations
    from captum.attr import FeatureAblation

    return _captum_words(FeatureAblation(model.module), model, messages, response, **options)


def captum_kernel_shap(
    model: OpenWeights, messages: Conversation, response: str, evaluations: int, options: Options = BY_TOKEN
) -> Array:
    """`KernelShap` of so many coalitions of words; arguments and answer as of `captum_ablation`."""
    from captum.attr import KernelShap

    with torch.random.fork_rng():
        torch.manual_seed(0)
        asked = {"n_samples": evaluations, **options}
        return _captum_words(KernelShap(model.module), model, messages, response, **asked)


def captum_ig(model: OpenWeights, messages: Conversation, response: str, steps: int) -> Array:
    """`LayerIntegratedGradients` on the embeddings: one share per token of the rendered chat, nats per response token.

    The baseline is the embedding of the token 0, captum's default.
    """
    from captum.attr import LayerIntegratedGradients, LLMGradientAttribution, TextTokenInput

    gradients = LayerIntegratedGradients(model.module, model.module.get_input_embeddings())
    given = TextTokenInput(model.render(messages), model.tokenizer)
    target = _ids(model, response)[0]
    answer = LLMGradientAttribution(gradients, model.tokenizer).attribute(given, target=target, n_steps=steps)
    return np.asarray(answer.seq_attr.float().cpu().double() / len(target))


def inseq_ig(model: OpenWeights, messages: Conversation, response: str, steps: int) -> Array:
    """The `integrated_gradients` of inseq; arguments and answer as of `captum_ig`, special tokens apart."""
    import inseq

    text = model.render(messages)
    # inseq sets tokens of the tokenizer that it gets
    wrapped = inseq.load_model(model.module, "integrated_gradients", tokenizer=deepcopy(model.tokenizer))
    answer = wrapped.attribute(text, text + response, n_steps=steps, attributed_fn="crossentropy", show_progress=False)
    shares = -answer.sequence_attributions[0].target_attributions.float().sum(-1)  # (tokens, response tokens)
    prompt = shares[: -shares.shape[1]]
    return np.asarray(prompt.nansum(1).cpu().double() / shares.shape[1])


PEERS: dict[str, dict[str, Peer]] = {  # a peer's first word is its module
    "ablation": {"captum": captum_ablation, ONE_PASS_CAPTUM: partial(captum_ablation, options=ONE_PASS)},
    "kernel_shap": {"captum": captum_kernel_shap, ONE_PASS_CAPTUM: partial(captum_kernel_shap, options=ONE_PASS)},
    "ig": {"captum": captum_ig, "inseq": inseq_ig},
}


def peers_of(work: str) -> list[str]:
    """The peers that can do the work here."""
    return [name for name in PEERS.get(work, {}) if find_spec(name.split()[0])]


def _captum_words(method: Any, model: OpenWeights, messages: Conversation, response: str, **options: Any) -> Array:
    from captum.attr import LLMAttribution, TextTemplateInput

    features = words(messages)

    def filled(*texts: str) -> torch.Tensor:
        removed = [span for span, text in zip(features, texts, strict=True) if not text]
        return _ids(model, model.render(without(messages, removed)))

    given = TextTemplateInput(filled, [span.text(messages) for span in features])
    target = _ids(model, response)[0]
    answer = LLMAttribution(method, model.tokenizer).attribute(given, target=target, **options)
    return np.asarray(answer.seq_attr.float().cpu().double() / len(target))


def _ids(model: OpenWeights, text: str) -> torch.Tensor:
    return torch.tensor([model.tokenizer(text, add_special_tokens=False)["input_ids"]])
