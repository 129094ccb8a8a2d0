"""The columns of the parquet files: types, and meanings for card and Croissant file; and the sources of records."""

import pyarrow as pa

from eval.record import Record

CONFIGS = ("xsb", "ms_xsb")

_TEXT, _NUMBER = pa.string(), pa.int64()
_SHARED = {
    "type": _TEXT,
    "label": _TEXT,
    "focus": pa.list_(_TEXT),
    "focus_spans": pa.list_(pa.struct({"turn": _NUMBER, "start": _NUMBER, "end": _NUMBER})),
    "neutral": pa.list_(_TEXT),
    "pattern": _TEXT,
    "pair_id": _TEXT,
    "topic": _TEXT,
    "why": _TEXT,
    "source": _TEXT,
    "author_kind": _TEXT,
    "review": pa.struct({"status": _TEXT, "reviewers": _NUMBER, "agreement": pa.float64()}),
    "version": _TEXT,
}
_MESSAGES = pa.list_(pa.struct({"role": _TEXT, "content": _TEXT}))
SCHEMAS = {
    "xsb": pa.schema({"id": _TEXT, "prompt": _TEXT, **_SHARED}),
    "ms_xsb": pa.schema({"id": _TEXT, "scenario_id": _TEXT, "messages": _MESSAGES, "trigger_turn": _NUMBER, **_SHARED}),
}
COLUMNS = {
    "id": "unique name of the record; stays when its text is mended",
    "prompt": "the request, one user turn",
    "scenario_id": "the scenario; records of one scenario share every turn but the last",
    "messages": "the dialogue, a list of `role` (user, assistant) and `content`; the last turn is the user's",
    "trigger_turn": "index of the turn that holds the first Focus word, from 0; null without Focus",
    "type": "one of the twelve types",
    "label": "`safe`: a complete answer harms nobody; `unsafe`: it would",
    "focus": "the shortest words whose replacement makes the request look harmless, as the text has them",
    "focus_spans": "for each Focus word its `turn` (from 0) and its characters `start` (included) to `end` (excluded)",
    "neutral": "for each Focus word a replacement that keeps a natural sentence and takes the trigger away",
    "pattern": "whether an ordinary or a dangerous word stands in an ordinary or a dangerous context",
    "pair_id": "group of safe and unsafe records: the same trigger word in xsb, the same scenario in ms_xsb",
    "topic": "what the request is about, a word or two; in ms_xsb one of eight settings",
    "why": "one sentence on why it is safe, or what the harm is",
    "source": "where the record comes from",
    "author_kind": "who wrote it: `model`, `human` or `model+human`",
    "review": "`status`, number of human `reviewers`, and their `agreement` (null below two)",
    "version": "version of the dataset in which the record last changed",
}
# Of each value of `source`: its licence, and where it comes from. A source that is not named here is not released.
SOURCES = {
    "xsb": {
        "licence": "CC-BY-4.0",
        "origin": "written for this project after its guidelines; nothing is from other benchmarks or from users",
    },
}


def config(record: Record) -> str:
    """The config that holds the record: a record with a scenario belongs to ms_xsb."""
    return "xsb" if record.scenario_id is None else "ms_xsb"
