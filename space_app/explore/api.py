"""The records for programs: what `records` answers to `gradio_client` and to MCP clients."""

from collections.abc import Callable
from typing import Any

from builder.schema import config
from eval.errors import InputError, UnknownName
from eval.record import Record
from space_app.explore.choice import FILTERS, LONGEST, Choice, find
from space_app.explore.records import records_of
from space_app.settings import Settings

MOST = 200  # records at once


def api(settings: Settings) -> Callable[..., dict[str, Any]]:
    """The function `records`, over the dataset of the settings."""

    def records(
        dataset: str = "",
        type: str = "",  # noqa: A002 - the name of the column
        label: str = "",
        topic: str = "",
        review_state: str = "",
        search: str = "",
        id: str = "",  # noqa: A002 - the name of the column
        limit: int = 20,
        offset: int = 0,
    ) -> dict[str, Any]:
        """Requests that look harmful and are not, their unsafe contrasts, and the words that cause refusals (Focus).

        Each filter that is empty lets all records pass.

        Args:
            dataset: xsb for single prompts, ms_xsb for dialogues
            type: what makes the request look harmful, for example homonyms or figurative_language
            label: safe or unsafe
            topic: what the request is about, for example cooking
            review_state: unreviewed, in_review or accepted, by human reviewers
            search: words that all stand in the request or dialogue, capital or not
            id: the id of one record, for example xsb-homonyms-001
            limit: how many records to return at most, from 1 to 200
            offset: how many of those found to leave out at the start
        """
        if not 1 <= limit <= MOST or offset < 0:
            raise InputError(f"limit {limit} and offset {offset}; limit must be 1 to {MOST}, offset 0 or more")
        if len(search) > LONGEST:
            raise InputError(f"a search of {len(search)} characters; write at most {LONGEST}")
        choice = Choice(dataset=dataset, type=type, label=label, topic=topic, review=review_state, q=search)
        shown = records_of(settings.dataset)
        every = find(shown, Choice()).counts
        for name in FILTERS:
            if name in choice.filters and choice.filters[name] not in every[name]:
                raise UnknownName(
                    "review_state" if name == "review" else name, choice.filters[name][:LONGEST], every[name]
                )
        found = [record for record in find(shown, choice).records if id in ("", record.id)]
        return {"total": len(found), "records": [_plain(record) for record in found[offset : offset + limit]]}

    return records


def _plain(record: Record) -> dict[str, Any]:
    return {"dataset": config(record), "prompt": record.prompt, **record.model_dump()}
