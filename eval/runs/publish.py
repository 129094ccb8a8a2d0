"""Publishes a run as data: its card, config, report and samples, as a pull request to a dataset of results on the Hub.

There each run has a folder of its own, `runs/MODEL/DATASET-SPLIT-HASH`, which the same run always gets and which reads
as a run folder. Answers to unsafe prompts are left out unless asked for: what may do harm is not handed on.
"""

import json
from hashlib import sha256
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import NamedTuple

from eval.errors import InputError
from eval.judges.verdict import Opinion
from eval.record import Message
from eval.runs.card import card_of
from eval.runs.config import CIRCUMSTANCES, Config
from eval.runs.experiment import hub_folder_name
from eval.runs.report import read_run, report_of
from eval.runs.sample import Sample
from hub_cards.hub import Repository
from hub_cards.plan import Plan, plan
from hub_cards.push import Published, check_back, publish
from hub_cards.results import collection_card

LEFT_OUT = "left out: the answer to an unsafe prompt"


class Results(NamedTuple):
    """A run as it is published: its folder there, the content of its files, and how many answers are left out."""

    folder: str
    title: str
    files: dict[str, str]
    left_out: int


def results(run: Path, unsafe_responses: bool = False, by: str = "") -> Results:
    """What is published of a run.

    Args:
        run: its folder.
        unsafe_responses: whether the answers to unsafe prompts are published, too.
        by: who publishes it, for its card.

    Raises:
        XsbError: its card would say what its report does not.
        InputError: the folder holds no run, or one that has not ended.
    """
    config, samples = read_run(run)
    if len(samples) < config.answers:
        told = f"the run in {run} has {len(samples)} of {config.answers} answers"
        raise InputError(f"{told}; let the same `xsb-eval run` end before it is published")
    public = config.model_copy(update={"model": _name(config.model), "dataset": _name(config.dataset)})
    shown = samples if unsafe_responses else [without_harm(sample, config) for sample in samples]
    lines = "".join(sample.model_dump_json() + "\n" for sample in shown)
    left_out = sum(sample.unsafe for sample in samples) if not unsafe_responses else 0
    missing = [f"The text of {left_out} answers to unsafe prompts is not published; their verdicts are."]
    files = {
        "config.json": public.model_dump_json(indent=2) + "\n",
        "report.json": report_of(public, samples).model_dump_json(indent=2) + "\n",
        "samples.jsonl": lines,
        "README.md": card_of(public, samples, by, missing if left_out else ()),
    }
    facts = json.dumps(config.model_dump(exclude=set(CIRCUMSTANCES)), sort_keys=True)
    place = (
        f"{hub_folder_name(public.dataset)}-{hub_folder_name(public.split)}-{sha256(facts.encode()).hexdigest()[:12]}"
    )
    title = f"Results of {public.model} on {public.dataset}, {place[-12:]}"
    return Results(f"runs/{hub_folder_name(public.model)}/{place}", title, files, left_out)


def publish_results(found: Results, repo_id: str, *, private: bool = False) -> Published:
    """Open a pull request with a run, or bring the open one up to date, and read it back.

    Raises:
        HubError: it could not be done; then nothing of it is there.
    """
    with TemporaryDirectory() as folder:
        planned = plan_results(found, repo_id, Path(folder))
        done = publish(planned, private=private)
        check_back(planned, done.revision, Path(folder) / "cache")
    return done


def plan_results(found: Results, repo_id: str, folder: Path, *, dry_run: bool = False) -> Plan:
    """What publishing would change; the files are written to `folder`.

    A repository without a card gets one, in the same request; the one that it has is left to its owners.
    """
    repository = Repository(repo_id)
    paths = {f"{found.folder}/{name}": folder / name for name in found.files}
    for name, content in found.files.items():
        (folder / name).write_text(content, encoding="utf-8")
    if not repository.has("README.md"):
        paths["README.md"] = folder / "collection.md"
        paths["README.md"].write_text(collection_card(repo_id), encoding="utf-8")
    return plan(paths, repository, found.title, create_pr=True, dry_run=dry_run)


def without_harm(sample: Sample, config: Config) -> Sample:
    """The sample without what the model wrote, if its prompt is unsafe; verdicts stay."""
    if not sample.unsafe:
        return sample
    own = config.assistant == "live"  # then the earlier answers are the model's, too
    sent = [
        Message(role=turn.role, content=LEFT_OUT) if own and turn.role == "assistant" else turn for turn in sample.sent
    ]
    said = {
        "verdict": _silent(sample.verdict),
        "judgements": [_silent(judgement) for judgement in sample.judgements],
        "harm": sample.harm and _silent(sample.harm),
    }
    return sample.model_copy(update={**said, "sent": sent, "response": LEFT_OUT, "note": ""})


def _silent(opinion: Opinion) -> Opinion:
    """An opinion without the words of the answer that it rests on."""
    return opinion.model_copy(update={"evidence": ""})


def _name(text: str) -> str:
    """The name of a model or dataset, of a path its last part: where it lay on a machine is nobody's affair."""
    return PurePath(text).name if Path(text).is_absolute() or text.startswith((".", "~")) else text
