"""What may stand behind a mitigation's name and a colon.

- `steer:0.1`: attention to the trigger is multiplied by 0.1 (above 0, at most 1);
- `rephrase:neutral`: the record's neutral words take the place of triggers;
- `rephrase:words.yaml`: those of a lexicon do, a YAML or JSON file that maps words to neutral ones;
- `rephrase:MODEL`: another model rewrites, such as `rephrase:openai:NAME`.
"""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from eval.errors import InputError
from eval.mitigation.attempt import Mitigation
from eval.mitigation.rephrase import rephrase_by
from eval.mitigation.steer import steer
from eval.mitigation.substitute import from_lexicon, from_record, read_lexicon, substitute
from eval.models import load_model

_load = cache(load_model)


def _steer(text: str) -> Mitigation:
    try:
        alpha = float(text)
    except ValueError:
        alpha = 0.0
    if not 0 < alpha <= 1:
        raise InputError(f"steer:{text} has no strength; give a number above 0 and at most 1, as in steer:0.1")
    return Mitigation(around=partial(steer, alpha=alpha))


def _rephrase(text: str) -> Mitigation:
    if text == "neutral":
        return Mitigation(prepare=substitute(from_record))
    if Path(text).suffix in (".yaml", ".yml", ".json"):
        return Mitigation(prepare=substitute(from_lexicon(read_lexicon(Path(text)))))
    if not text:
        raise InputError("rephrase: needs neutral, a lexicon's file or a model behind the colon")
    return Mitigation(prepare=rephrase_by(partial(_load, text)))


PARAMETERS: dict[str, Callable[[str], Mitigation]] = {"steer": _steer, "rephrase": _rephrase}
