"""An answer that comes in pieces: held until it is clear that it is no refusal, then passed on as it comes."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from eval.models.protocol import Reply
from eval.serve.clear import Beginning
from eval.serve.outcome import Outcome
from eval.serve.source import Opened
from eval.serve.whole import counts
from eval.serve.wire import ApiError, Seen, events, seen, spliced

MORE = "the answer is more than text"
CUT = ApiError(502, "the answer broke off before its end", "upstream_error", code="upstream_cut")


@dataclass
class Held:
    """The events so far and those to come. `clear` where it goes on as no refusal; else all events are there.

    `skip` says why it is passed on without being read further.
    """

    opened: Opened
    coming: AsyncIterator[list[bytes]]
    events: list[bytes] = field(default_factory=list)
    text: str = ""
    clear: bool = False
    skip: str = ""
    finish: str = ""
    prompt_tokens: int = 0
    tokens: int = 0

    @property
    def reply(self) -> Reply:
        """The whole answer, where all of it is there."""
        return Reply(
            text=self.text, tokens=self.tokens, seconds=0.0, prompt_tokens=self.prompt_tokens, finish=self.finish
        )


def unread(opened: Opened, skip: str) -> Held:
    """A stream that is passed on as it comes."""
    return Held(opened, events(opened.pieces), clear=True, skip=skip)


async def held(opened: Opened, beginning: Beginning) -> Held:
    """Read until the beginning is clear, or the end.

    Raises:
        ApiError: it breaks off.
    """
    found = Held(opened, events(opened.pieces))
    done = False
    async for some in found.coming:
        found.events += some
        for part in map(seen, some):
            beginning.add(part.text)
            found.finish = part.finish or found.finish
            if part.usage:
                found.prompt_tokens, found.tokens = counts(part.usage)
            done = done or part.done
            if part.other or part.error or part.finish == "content_filter":
                found.skip, found.clear = MORE, True
            if beginning.clear:
                found.clear = True
            if found.clear:
                return found
    found.text = beginning.text
    if not done and not found.finish:
        raise CUT
    return found


async def flowing(
    found: Held, outcome: Outcome, used: Callable[[int, int], None], broken: Callable[[], None]
) -> AsyncIterator[bytes]:
    """The events as they are, with the field `xsb` in the last before the end; an error event where it breaks off.

    Args:
        found: what is held and comes.
        outcome: for the field.
        used: told the usage, where there is one.
        broken: called where it breaks off.
    """
    waiting, ended, usage = b"", False, None
    try:
        async for some in _chained(found.events, found.coming):
            ready = []
            for raw in some:
                part = seen(raw)
                usage = part.usage or usage
                ready.append(spliced(waiting, outcome.field) if part.done else waiting)
                ended = ended or part.done or part.error or bool(part.finish)
                waiting = raw if _may_be_last(part) else b""
                ready.append(b"" if waiting else raw)
            if told := b"".join(ready):
                yield told
        if waiting:
            yield spliced(waiting, outcome.field)
        if not ended:
            raise CUT
        used(*counts(usage))
    except Exception as error:
        broken()
        yield error.event if isinstance(error, ApiError) else CUT.event
    finally:
        await found.opened.close()


def _may_be_last(part: Seen) -> bool:
    return bool(part.finish) or (part.usage is not None and not part.text)


async def _chained(first: list[bytes], then: AsyncIterator[list[bytes]]) -> AsyncIterator[list[bytes]]:
    if first:
        yield first
    async for some in then:
        yield some
