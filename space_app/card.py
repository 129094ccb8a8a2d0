"""The Space's card: `python -m space_app.card > README.md`, in the repository of the Space."""

import sys
from collections.abc import Sequence
from importlib.metadata import version

from eval.errors import XsbError
from eval.models.skittish import BASE
from hub_cards.check import problems
from hub_cards.space import space_card
from space_app.page import TABS

PYTHON = "3.11"  # what the project is tested with
TOLD = {
    "try": "a request, skittish's answer, the words to blame in colour, and the same request under each mitigation",
    "explore": "the records of the dataset, with the words that sound harmful marked",
    "results": "runs compared: how often models refuse harmless requests, and answer harmful ones",
    "review": "candidates for the dataset, first without the author's opinion; only where the Space is given some",
    "contribute": "a form for a new request, checked while you type, that makes the file to propose",
}


def card(models: Sequence[str] = (BASE,), datasets: Sequence[str] = ()) -> str:
    """The card of a Space with this version of the code.

    Args:
        models: ids on the Hub of the models that it runs, or whose weights those were made of.
        datasets: ids on the Hub of the datasets that it shows.

    Raises:
        XsbError: it would not be true.
    """
    from space_app.trial.examples import prompts

    tabs, examples = {name: TOLD[name] for name in TABS}, prompts()
    versions = {"version": version("xsb"), "sdk_version": version("gradio"), "python_version": PYTHON}
    text = space_card(**versions, tabs=tabs, examples=examples, models=models, datasets=datasets)
    if wrong := problems(text, [versions, tabs, examples, models, datasets], ("app.py",)):
        raise XsbError(f"the card of the Space would not be true, {wrong[0]}; mend hub_cards/templates/space.md.j2")
    return text


if __name__ == "__main__":
    sys.stdout.write(card())
