"""What is asked of a run: the options of `xsb-eval run` that its samples depend on."""

from collections.abc import Sequence
from dataclasses import dataclass

from eval.errors import InputError
from eval.mitigation import NONE
from eval.models.protocol import MAX_NEW_TOKENS
from eval.runs.config import Assistant


@dataclass(frozen=True)
class Options:
    """The options of one run.

    Args:
        dataset: where the records come from; `split` and `suites` too. Those of `suites` are reported apart.
        dataset_commit: which commit of a dataset on the Hub the records are of; empty for others.
        split: see `dataset`.
        suites: see `dataset`.
        mitigations: names, several joined with a plus; `none` is always one of them.
        method: of attribution, which finds the triggers, or `focus`: they are the records' Focus. By default `ablation`
            for open weights and `black_box` for an endpoint.
        max_new_tokens: of an answer.
        temperature: of the answers; 0 is greedy. The model's earlier turns and rewrites stay greedy.
        samples: answers to each record under each mitigation.
        seed: of sampled answers, and of attribution that samples.
        system: a system turn for every record, in place of its own.
        assistant: `live` if the model speaks the assistant's earlier turns itself, too.
        early_stop: end an answer where its verdict is `settled`; not for final figures.
    """

    dataset: str
    dataset_commit: str = ""
    split: str = "test"
    suites: Sequence[str] = ()
    mitigations: Sequence[str] = (NONE,)
    method: str | None = None
    max_new_tokens: int = MAX_NEW_TOKENS
    temperature: float = 0.0
    samples: int = 1
    seed: int = 0
    system: str = ""
    assistant: Assistant = "scripted"
    early_stop: bool = False

    @property
    def compared(self) -> list[str]:
        """The mitigations, each once, and first of them `none`."""
        return list(dict.fromkeys([NONE, *self.mitigations]))


def check_sampling(temperature: float, samples: int) -> None:
    """Raise `InputError` for several answers that would all be the same one."""
    if samples > 1 and not temperature:
        raise InputError(
            f"{samples} samples at temperature 0 are {samples} times the same answer; give a --temperature above 0, "
            "or one sample"
        )
