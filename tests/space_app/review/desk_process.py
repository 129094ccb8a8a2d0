"""A process that keeps opinions on the Hub, told what to do a line at a time, for the tests of what outlives it.

new NAME SECONDS, add NAME READER CANDIDATE, saving NAME READER, sees NAME READER, refresh NAME, close NAME
"""

import json
import sys

from builder.review.opinion import Opinion, now
from hub_cards.errors import HubError
from hub_cards.hub import Repository
from space_app.review.ledger import Ledger
from space_app.review.stop import before_end

LEDGERS: dict[str, Ledger] = {}


def opinion(reader: str, candidate: str) -> Opinion:
    return Opinion(
        id=candidate, digest="d", reader=reader, author_kind="human", label="safe", focus=["x"], focus_spans=[],
        naturalness=3, decision="accept", version="v", date=now(),
    )  # fmt: skip


def told(word: str, name: str, *rest: str) -> object:
    if word == "new":
        LEDGERS[name] = Ledger(Repository("lab/xsb"), "reviews", float(rest[0]))
        before_end(LEDGERS[name].close)
        return None
    ledger = LEDGERS[name]
    if word == "add":
        ledger.add(opinion(*rest))
    elif word == "saving":
        return ledger.saving(rest[0])
    elif word == "sees":
        of = ledger.read(rest[0]).of
        return sorted({(row.reader, row.id) for rows in of.values() for row in rows})
    elif word in ("refresh", "close"):
        getattr(ledger, word)()
    return None


if __name__ == "__main__":
    for line in sys.stdin:
        try:
            print(json.dumps(told(*line.split())), flush=True)
        except HubError as error:
            print(json.dumps(str(error)), flush=True)
