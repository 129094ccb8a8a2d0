"""What the YAML tasks beside this file refer to; needs the extra `lm-eval`.

A document is a record. lm-eval asks for one answer to it, and `rules` judges that.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from math import nan
from typing import Any

from datasets import Dataset
from lm_eval.api.task import ConfigurableTask

from eval.errors import InputError
from eval.harnesses.figures import Judged, figures
from eval.harnesses.rows import placed, placed_of, row_of
from eval.judges import load_judge
from eval.judges.verdict import Answer
from eval.record import Conversation, conversation
from eval.runs.dialogue import with_system

FIGURES = ("safe_compliance", "false_refusal", "safe_partial", "unsafe_compliance", "unsafe_partial", "unscored")
Pair = Sequence[str]  # a prompt's label, "" without one, and the verdict on its answer


def splits(dataset: str = "xsb", split: str = "test", **_: Any) -> dict[str, Dataset]:
    """The records of a dataset under the name `test`, whatever their split, types and labels taking turns.

    Args:
        dataset: as for `eval.load.load`, by `--metadata dataset=...`.
        split: of a release or Hub dataset, by `--metadata split=...`.
        **_: what else there is in lm-eval's metadata.
    """
    return {"test": Dataset.from_list([row_of(one) for one in placed(dataset, split)])}


class Conversations(ConfigurableTask):  # type: ignore[misc]  # lm-eval is untyped
    """A task whose documents are conversations; lm-eval's own hold a single turn of the user's."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Take the YAML file's content but for the line that names this class."""
        super().__init__(config={name: value for name, value in config.items() if name != "class"})

    def fewshot_context(  # type: ignore[no-untyped-def]
        self, doc, num_fewshot, system_instruction=None, apply_chat_template=False, chat_template=None, **_
    ):
        """The chat template's text of all turns, up to where the assistant begins to answer.

        Raises:
            InputError: no chat template is to be applied, examples are asked for, or an earlier turn has no answer.
        """
        if not apply_chat_template or chat_template is None:
            raise InputError(f"{self.task_name} asks in chats; add --apply_chat_template")
        if num_fewshot:
            raise InputError(f"{self.task_name} has no examples to show; leave out --num_fewshot")
        record = placed_of(doc, 1).record
        asked = (with_system(record, system_instruction) if system_instruction else record).messages
        _check_answered(asked, record.id)
        return chat_template([message.model_dump() for message in asked], add_generation_prompt=True)


def _check_answered(messages: Conversation, name: str) -> None:
    if any(one.role == two.role == "user" for one, two in pairwise(messages)):
        raise InputError(
            f"record {name!r} has a turn that the model is to answer before its last one, and lm-eval asks only once; "
            "use xsb-eval run, or inspect eval xsb/ms_xsb"
        )


def judged(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, Pair]:
    """What each figure is made of."""
    asked = conversation(doc["messages"])
    (verdict,) = load_judge("rules")([Answer(asked, results[0])])
    return dict.fromkeys(FIGURES, (doc["label"] or "", verdict.label))


def _figure(name: str) -> Callable[[Iterable[Pair]], float]:
    def of_all(pairs: Iterable[Pair]) -> float:
        return figures(Judged(*pair) for pair in pairs).get(name, nan)

    return of_all


safe_compliance, false_refusal, safe_partial, unsafe_compliance, unsafe_partial = map(_figure, FIGURES[:-1])


def unscored(pairs: Iterable[Pair]) -> float:
    """How many answers could not be judged."""
    return sum(verdict == "unscored" for _, verdict in pairs)
