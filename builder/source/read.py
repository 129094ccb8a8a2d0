"""Reads the YAML record files; whatever is wrong becomes a `Problem` with its line, never an exception.

Two shapes: `xsb/<type>.yaml` with `records`, and `ms_xsb/<scenario>.yaml` with one `context` and its `endings`.
What a record may say is checked in `builder.validate`; here only what keeps it from being a record at all.
"""

from collections import Counter
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError
from yaml import MappingNode, Node, ScalarNode
from yaml.reader import ReaderError

from builder.source.fields import CONTEXT, DEFAULTS, ENDING, FILE, OWN, OWN_OF_ENDING, RECORD, SCENARIO
from builder.source.nodes import Reader, Steps, Wrong, kind, line
from eval.record import Conversation, Message, Record, Span
from eval.visible import visible
from eval.words import find

LINE = 10_000  # characters; a parser would spend minutes on a line of megabytes


@dataclass(frozen=True, order=True)
class Problem:
    """What is wrong at `line` (from 1) of `file`; prints as `file:line: message`."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        """The form that editors and terminals turn into a link; always one line, what cannot be seen as an escape."""
        return visible(f"{self.file}:{self.line}: {self.message}")


class Place(NamedTuple):
    """Where a record was read."""

    file: str
    line: int


def read_folder(path: Path) -> tuple[list[Record], list[Problem]]:
    """The records of all YAML files under `path` (a folder or one file), and what keeps others from being read."""
    records, _, problems = read_places(path)
    return records, problems


def read_places(path: Path) -> tuple[list[Record], list[Place], list[Problem]]:
    """As `read_folder`, with the place of each record."""
    found = _collected(path)
    return found.records, found.places, found.problems


def read_text(text: str, file: str) -> tuple[list[Record], list[Place], list[Problem]]:
    """As `read_places`, from the text of one file, which `file` stands for in places and problems."""
    found = _Collected(file)
    found.parse(text)
    return found.records, found.places, found.problems


def read_provenance(path: Path) -> dict[str, Steps]:
    """How records came about, by their ids; only of those that say it."""
    return _collected(path).provenance


def _collected(path: Path) -> "_Collected":
    files = [path] if path.is_file() else sorted(f for f in path.rglob("*.y*ml") if f.is_file())
    found = _Collected()
    for file in files:
        found.read(file)
    if not files:
        what = "no YAML file in this folder" if path.is_dir() else "no such file or folder"
        message = f"{what}; give a folder with xsb/ and ms_xsb/, or one .yaml file"
        found.problems.append(Problem(str(path), 1, message))
    return found


class _Collected:
    """What was read so far, and the file at hand."""

    def __init__(self, file: str = "") -> None:
        self.file = file
        self.records: list[Record] = []
        self.places: list[Place] = []
        self.provenance: dict[str, Steps] = {}
        self.problems: list[Problem] = []

    def read(self, path: Path) -> None:
        """Add the records and problems of one file."""
        self.file = str(path)
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            self.problems.append(Problem(self.file, line, f"not UTF-8 ({error.reason}); save the file as UTF-8"))
            return
        except OSError as error:
            self.problems.append(Problem(self.file, 1, f"cannot be read ({error.strerror})"))
            return
        self.parse(text)

    def parse(self, text: str) -> None:
        """Add the records and problems of the text of the file at hand."""
        if long := next((at for at, row in enumerate(text.split("\n"), 1) if len(row) > LINE), None):
            message = f"a line of more than {LINE:,} characters; break it, or remove what is no record"
            self.problems.append(Problem(self.file, long, message))
            return
        try:
            root = yaml.compose(text, Loader=yaml.CSafeLoader)  # twenty times as fast as the other one
        except yaml.YAMLError as error:
            self.problems.append(Problem(self.file, *_unreadable(error, text)))
            return
        if root is None:
            self.problems.append(Problem(self.file, 1, "the file is empty; write records, or delete it"))
            return
        pairs = root.value if isinstance(root, MappingNode) else []
        keys = {key.value for key, _ in pairs if isinstance(key, ScalarNode)}
        if ("records" in keys) == ("endings" in keys):
            self._wrong(root, "neither XSB nor MS-XSB; a file holds either `records` or `context` and `endings`")
        elif "records" in keys:
            self._xsb(root)
        else:
            self._scenario(root)

    def _xsb(self, root: Node) -> None:
        head, defaults = self._head(root, "file", FILE)
        # Read also where the head is wrong, so that all that is wrong is told at once.
        rows = [(node, self._fields(node, "record", RECORD, OWN)) for node in _lists(root).get("records", ())]
        if not head or not defaults:
            return
        for node, got in rows:
            if got:
                messages = [Message(role="user", content=got.pop("prompt"))]
                self._add(node, messages, [0] * len(got["focus"]), {**defaults, "type": head["type"], **got})

    def _scenario(self, root: Node) -> None:
        head, defaults = self._head(root, "scenario", SCENARIO)
        parts = _lists(root)
        context = self._context(root, parts["context"]) if parts.get("context") else None
        endings = [(node, self._fields(node, "ending", ENDING, OWN_OF_ENDING)) for node in parts.get("endings", ())]
        if not head or not defaults or context is None:
            return
        shared = {**defaults, **{key: head[key] for key in ("scenario_id", "type", "topic", "split")}}
        # The endings of a scenario are each other's contrast, so they form a pair group unless they name another.
        shared["pair_id"] = head["scenario_id"]
        for node, got in endings:
            if not got:
                continue
            messages = [*context, Message(role="user", content=got.pop("prompt"))]
            turns = got.pop("focus_turns", [len(context)] * len(got["focus"]))
            if len(turns) != len(got["focus"]) or any(not 0 <= turn < len(messages) for turn in turns):
                allowed = f"one turn from 0 to {len(context)} for each of the {len(got['focus'])} focus words"
                self._wrong(node, f"{got['id']}: `focus_turns` is {turns}; write {allowed}")
                continue
            self._add(node, messages, turns, {**shared, "trigger_turn": turns[0] if turns else None, **got})

    def _head(self, root: Node, what: str, keys: dict[str, Reader]) -> tuple[dict[str, Any] | None, ...]:
        """The values of the file itself, and of its defaults."""
        nodes = [value for key, value in root.value if key.value == "defaults"]
        return self._fields(root, what, keys), self._fields(nodes[0], "defaults", DEFAULTS) if nodes else None

    def _context(self, root: Node, nodes: list[Node]) -> Conversation | None:
        messages, before = [], len(self.problems)
        for node in nodes:
            turn = self._fields(node, "context turn", {}, CONTEXT)
            if turn is not None and len(turn) != 1:
                self._wrong(node, f"a context turn has {len(turn)} speakers; write one `user:` or one `assistant:`")
            messages += [Message.model_validate({"role": role, "content": text}) for role, text in (turn or {}).items()]
        if len(self.problems) > before:
            return None
        roles = [str(message.role) for message in messages]
        if not roles or roles != ["user", "assistant"] * (len(roles) // 2):
            told = ", ".join(roles) or "nothing"
            self._wrong(root, f"`context` is {told}; begin with user, alternate, and end with assistant")
            return None
        return messages

    def _add(self, node: Node, messages: Conversation, turns: list[int], facts: dict[str, Any]) -> None:
        """Find the Focus words and keep the record."""
        provenance = facts.pop("provenance", None)
        spans, seen = [], Counter[tuple[int, str]]()
        for word, turn in zip(facts["focus"], turns, strict=True):
            found = [s for s in find(messages, word) if s.turn == turn and s.text(messages) == word]
            at = seen[turn, word]
            seen[turn, word] += 1
            if at < len(found):
                spans.append(Span(turn=turn, start=found[at].start, end=found[at].end))
                continue
            where = f"stands {len(found)} times as a whole word in turn {turn}"
            self._wrong(node, f"{facts['id']}: focus {word!r} is listed {at + 1} times but {where}; copy it exactly")
        if len(spans) < len(turns):
            return
        try:
            self.records.append(Record(messages=messages, focus_spans=spans, **facts))
            self.places.append(Place(self.file, line(node)))
            if provenance:
                self.provenance[facts["id"]] = provenance
        except ValidationError as error:
            self._wrong(node, f"{facts['id']}: {error.errors()[0]['msg']}")

    def _fields(
        self, node: Node, what: str, required: dict[str, Reader], optional: dict[str, Reader] | None = None
    ) -> dict[str, Any] | None:
        """The values of a mapping; None where anything of it is wrong, which is then in `problems`."""
        if not isinstance(node, MappingNode):
            self._wrong(node, f"a {what} is a mapping of keys to values; got {kind(node)}")
            return None
        readers, got, before = {**required, **(optional or {})}, {}, len(self.problems)
        seen = set()
        for key, value in node.value:
            name = key.value if isinstance(key, ScalarNode) else kind(key)
            if name not in readers:
                near = get_close_matches(name, readers, n=1)
                hint = f"did you mean `{near[0]}`?" if near else f"allowed: {', '.join(readers)}"
                self._wrong(key, f"unknown key `{name}` in a {what}; {hint}")
            elif name in seen:
                self._wrong(key, f"key `{name}` stands twice in a {what}; keep one")
            else:
                try:
                    got[name] = readers[name](value)
                except Wrong as error:
                    self._wrong(error.node, f"`{name}` {error}")
            seen.add(name)
        for name in [name for name in required if name not in seen]:
            self._wrong(node, f"a {what} has no `{name}`; add it")
        return got if len(self.problems) == before else None

    def _wrong(self, node: Node, message: str) -> None:
        self.problems.append(Problem(self.file, line(node), message))


def _lists(root: Node) -> dict[str, list[Node]]:
    """The items of each list of a mapping."""
    return {key.value: value.value for key, value in root.value if value.id == "sequence" and key.id == "scalar"}


def _unreadable(error: yaml.YAMLError, text: str) -> tuple[int, str]:
    """Line and message of what is no YAML."""
    if isinstance(error, ReaderError):
        line = text.encode()[: error.position].count(b"\n") + 1
        return line, f"no readable YAML: {error.reason} (U+{error.character:04X}); take the character out"
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or str(error).splitlines()[0]
    fix = 'put texts in double quotes, write \\" for a quote inside, and indent with spaces'
    return (mark.line + 1 if mark else 1), f"no readable YAML: {reason}; {fix}"
