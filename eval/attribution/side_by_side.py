"""One prompt explained by several attribution methods."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from eval.attribution import Attribution, attribute
from eval.errors import EndpointError, ModelError
from eval.judges import Answer, Verdict, load_judge
from eval.models.protocol import Model
from eval.record import Conversation, conversation


class Comparison(NamedTuple):
    """What each method found, by name, and why others could not."""

    model: str
    messages: Conversation
    response: str
    verdict: Verdict
    found: dict[str, Attribution]
    missing: dict[str, str]


def compare(
    model: Model,
    prompt: str | Conversation,
    methods: Sequence[str],
    max_new_tokens: int = 128,
    notify: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Answer a prompt or dialogue and explain it by each method, each with its defaults.

    Args:
        model: from `eval.models.load_model`.
        prompt: a text, or messages of which the last is the user's.
        methods: names in `eval.attribution.METHODS`.
        max_new_tokens: of the answer.
        notify: called with the name of each step as it begins.

    Raises:
        ModelError: no method can run with the model.
        EndpointError: nothing more can be asked of an endpoint.
        InputError: the conversation cannot be answered.
    """
    messages = conversation(prompt)
    notify("answering")
    reply = model.generate([messages], max_new_tokens)[0]
    found, missing = {}, {}
    for method in methods:
        notify(method)
        try:
            found[method] = attribute(model, messages, method, response=reply.text, max_new_tokens=max_new_tokens)
        except EndpointError:
            raise
        except ModelError as error:
            missing[method] = str(error)
    if not found:
        raise ModelError("; ".join(missing.values()))
    verdict = load_judge("rules")([Answer(messages, reply.text, reply.finish)])[0]
    return Comparison(model.name, messages, reply.text, verdict, found, missing)
