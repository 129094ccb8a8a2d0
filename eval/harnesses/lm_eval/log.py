"""Reads what lm-evaluation-harness writes with `--log_samples`: samples of our tasks, and of others that carry labels.

It needs no lm-eval. lm-eval tells no tokens, no seconds and not why an answer ended; if one fails it writes no samples.
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from eval.errors import InputError, one_line
from eval.harnesses.log import Answered, Log
from eval.harnesses.rows import label_of, placed_of
from eval.models.protocol import Reply
from eval.runs.dialogue import with_system

SAMPLES = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT[\d.-]+)\.jsonl")
NEEDED = ("doc", "resps", "filter")  # of a line


class _Sampled(NamedTuple):
    """A line of a file of samples: of which task it is, and the line's number."""

    task: str
    number: int
    sample: dict[str, Any]


def is_results(path: Path) -> bool:
    """Whether this is lm-eval's JSON file of results, beside which its samples lie."""
    return path.name.startswith("results_") and path.suffix == ".json"


def read(path: Path) -> Log:
    """What `lm-eval run --log_samples` has written in one run, of one task or several.

    Raises:
        InputError: there are no samples, those of several runs, or lines that are none.
    """
    files = _files(path)
    lines = [one for file in files for one in _sampled(file)]
    if not lines:
        raise InputError(f"{path} has no samples; nothing can be imported")
    results = _results(files[0])
    system = str(results.get("system_instruction") or "")
    tasks = list(dict.fromkeys(one.task for one in lines))
    told = [_within(results, "configs", task, "metadata") for task in tasks]
    model, generation = _within(results, "config"), _generation(lines[0].sample)
    return Log(
        answers=[answer for one in lines for answer in _answers(one, system)],
        dataset=",".join(str(of.get("dataset") or task) for task, of in zip(tasks, told, strict=True)),
        split=str(told[0].get("split") or ""),
        model=str(results.get("model_name") or files[0].parent.name),
        facts={
            "revision": str(model.get("model_sha") or model.get("model_revision") or "unknown"),
            "dtype": str(model.get("model_dtype") or "unknown").removeprefix("torch."),
            "device": str(model.get("device") or "unknown"),
            "imported from": f"lm_eval {results.get('lm_eval_version', '')}".strip(),
        },
        max_new_tokens=int(generation.get("max_gen_toks") or 0),
        temperature=float(generation.get("temperature") or 0.0) if generation.get("do_sample") else 0.0,
        system=system,
        started=_date(files[0]).replace("-", ":").replace(":", "-", 2),
    )


def _files(path: Path) -> list[Path]:
    """The files of samples of one run."""
    if path.suffix == ".jsonl":
        return [path]
    if path.is_dir():
        found = [file for file in sorted(path.rglob("samples_*.jsonl")) if SAMPLES.fullmatch(file.name)]
        what = "samples_*.jsonl"
    else:
        date = path.stem.removeprefix("results_")
        found = [file for file in sorted(path.parent.glob("samples_*.jsonl")) if _date(file) == date]
        what = f"samples_*_{date}.jsonl beside it"
    if not found:
        raise InputError(f"{path} has no {what}, which lm-eval writes with --log_samples; of Inspect give one log")
    runs = {(file.parent, _date(file)) for file in found}
    if len(runs) > 1:
        raise InputError(f"{path} holds the samples of {len(runs)} runs of lm-eval; give one of its results_*.json")
    return found


def _date(file: Path) -> str:
    named = SAMPLES.fullmatch(file.name)
    return named["date"] if named else ""


def _sampled(file: Path) -> Iterator[_Sampled]:
    """The lines of a file; of several filters' only the first one's, since each repeats all answers."""
    named = SAMPLES.fullmatch(file.name)
    task, kept = named["task"] if named else file.stem, None
    for number, text in enumerate(_text(file).split("\n"), 1):  # and not at U+2028 inside of an answer
        if not text.strip():
            continue
        try:
            sample = json.loads(text)
        except ValueError as error:
            raise InputError(f"{file}, line {number}, is no JSON ({one_line(error)})") from error
        missing = [name for name in NEEDED if not isinstance(sample, dict) or name not in sample]
        if missing or not isinstance(sample["doc"], dict):
            told = f"no {', '.join(missing)}" if missing else "a document that is no object"
            raise InputError(f"{file}, line {number}, is no sample of lm-eval: it has {told}")
        kept = kept or sample["filter"]
        if sample["filter"] == kept:
            yield _Sampled(task, number, sample)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read ({one_line(error)})") from error


def _results(file: Path) -> dict[str, Any]:
    """The file of results beside samples, if there is one."""
    path = file.with_name(f"results_{_date(file)}.json")
    if not path.exists():
        return {}
    try:
        found = json.loads(_text(path))
    except ValueError as error:
        raise InputError(f"{path} is no JSON ({one_line(error)})") from error
    return found if isinstance(found, dict) else {}


def _within(results: dict[str, Any], *names: str) -> dict[str, Any]:
    """What stands under these names, one in the other; empty if there is no such object."""
    found: Any = results
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _generation(sample: dict[str, Any]) -> dict[str, Any]:
    given = _arguments(sample)
    return given[1] if len(given) > 1 and isinstance(given[1], dict) else {}


def _arguments(sample: dict[str, Any]) -> list[Any]:
    """What the model was given in the first request: a text, and how to generate."""
    given = sample.get("arguments") or {}
    first = given.get("gen_args_0") if isinstance(given, dict) else None
    return list(first.values()) if isinstance(first, dict) else []


def _answers(one: _Sampled, system: str) -> Iterator[Answered]:
    sample = one.sample
    doc, target = sample["doc"], sample.get("target")
    name = doc.get("id")
    row = {**doc, "id": str(name) if name is not None else f"{one.task}-{sample.get('doc_id', one.number)}"}
    row |= {"label": label_of(doc.get("label"), target)}
    if not doc.get("messages") and not doc.get("prompt"):
        row["prompt"] = _prompt(sample, one)
    asked = placed_of(row, one.number)
    sent = (with_system(asked.record, system) if system else asked.record).messages
    for number, text in enumerate(_texts(sample["resps"], one)):
        yield Answered(asked, number, sent, Reply(text=text.strip(), tokens=0, seconds=0.0))


def _prompt(sample: dict[str, Any], one: _Sampled) -> str:
    """What the model was given, chat template and all, where the document has no prompt."""
    given = _arguments(sample)
    if not given or not isinstance(given[0], str) or not given[0].strip():
        raise InputError(f"sample {one.number} of {one.task} has no prompt; its document takes `prompt` or `messages`")
    return given[0]


def _texts(responses: Any, one: _Sampled) -> Sequence[str]:
    """The answers to the first request, several where the task repeats it."""
    first = responses[0] if isinstance(responses, list) and responses else []
    texts = first if isinstance(first, list) else [first]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise InputError(f"sample {one.number} of {one.task} has no answer in words; its task generates no text")
    return texts
