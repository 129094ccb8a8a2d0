"""How an answer begins, from the log-probabilities that an endpoint tells. No torch here."""

from openai.types.chat.chat_completion import Choice
from openai.types.chat.chat_completion_token_logprob import ChatCompletionTokenLogprob, TopLogprob

from eval.models.protocol import Step

TOP = 20  # log-probabilities per token, the most that OpenAI's interface has


def steps_of(choice: Choice) -> list[Step] | None:
    """The tokens of the answer with their most likely rivals; None where they are not told."""
    told = choice.logprobs
    if told is None or told.content is None or not all(token.top_logprobs for token in told.content):
        return None
    return [
        Step(_utf8(token), token.logprob, [(_utf8(rival), rival.logprob) for rival in token.top_logprobs])
        for token in told.content
    ]


def _utf8(token: ChatCompletionTokenLogprob | TopLogprob) -> bytes:
    """The token's text; its bytes where they are told, since a token may hold half a character."""
    return bytes(token.bytes) if token.bytes else token.token.encode(errors="replace")
