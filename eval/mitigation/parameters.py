"""What may stand behind a mitigation's name and a colon.

- `steer:0.1`: attention to the trigger is multiplied by 0.1 (above 0, at most 1); `steer:0.1@heads` only in the heads
  that `xsb-eval head` has chosen for the model, `steer:0.1@0-9` in all heads of these layers;
- `rephrase:neutral`: the record's neutral words take the place of triggers;
- `rephrase:words.yaml`: those of a lexicon do, a YAML or JSON file that maps words to neutral ones;
- `rephrase:MODEL`: another model rewrites, such as `rephrase:openai:NAME`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

from eval.errors import InputError
from eval.mitigation.attempt import Mitigation, Request
from eval.mitigation.rephrase import rephrase_by
from eval.mitigation.steer import head_shape, steer
from eval.mitigation.substitute import from_lexicon, from_record, read_lexicon, substitute
from eval.models import load_model
from eval.models.account import current
from eval.models.protocol import ENDPOINT, Model, OpenWeights

_load = cache(load_model)


def _rephraser(name: str) -> Model:
    """The model; one behind an endpoint at the address of the run's account, if that has one."""
    account = current()
    return _load(name, base_url=account.base_url if account and name.startswith(ENDPOINT) else None)


def _steer(text: str) -> Mitigation:
    strength, at, where = text.partition("@")
    try:
        alpha = float(strength)
    except ValueError:
        alpha = 0.0
    if not 0 < alpha <= 1:
        raise InputError(f"steer:{text} has no strength; give a number above 0 and at most 1, as in steer:0.1")
    if not at:
        return Mitigation(needs_weights=True, around=partial(steer, alpha=alpha))
    if where == "heads":
        return Mitigation(needs_weights=True, around=partial(_in_heads, alpha=alpha))
    first, _, last = where.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal() and int(first) <= int(last or first)):
        raise InputError(f"steer:{text}: behind the @ stands heads, or layers from 0, as in steer:0.1@0-9")
    layers = range(int(first), int(last or first) + 1)
    return Mitigation(needs_weights=True, around=partial(_in_layers, alpha=alpha, layers=layers))


@contextmanager
def _in_heads(model: Model, requests: Sequence[Request], alpha: float) -> Iterator[None]:
    from eval.mitigation.heads import known_heads

    heads = known_heads(model).by_layer if isinstance(model, OpenWeights) else None
    with steer(model, requests, alpha, heads):
        yield


@contextmanager
def _in_layers(model: Model, requests: Sequence[Request], alpha: float, layers: range) -> Iterator[None]:
    heads = dict.fromkeys(layers, range(head_shape(model.module)[1])) if isinstance(model, OpenWeights) else None
    with steer(model, requests, alpha, heads):
        yield


def _rephrase(text: str) -> Mitigation:
    if text == "neutral":
        return Mitigation(prepare=substitute(from_record))
    if Path(text).suffix in (".yaml", ".yml", ".json"):
        return Mitigation(prepare=substitute(from_lexicon(read_lexicon(Path(text)))))
    if not text:
        raise InputError("rephrase: needs neutral, a lexicon's file or a model behind the colon")
    return Mitigation(prepare=rephrase_by(partial(_rephraser, text)))


PARAMETERS: dict[str, Callable[[str], Mitigation]] = {"steer": _steer, "rephrase": _rephrase}
