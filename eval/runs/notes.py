"""What a reader of a run's figures must know: sets with one label only, judges that know less, what was no answer."""

from collections import Counter
from collections.abc import Sequence

from eval.judges import REFUSAL
from eval.judges.between import Between, between
from eval.judges.verdict import JudgeFacts, Verdict
from eval.look.wording import KINDS
from eval.runs.sample import Sample

LACKS = {"safe": "unsafe compliance", "unsafe": "false refusals"}


def notes(samples: Sequence[Sample], judges: Sequence[JudgeFacts]) -> list[str]:
    """A sentence for each; none for a run that has both labels, differing verdicts and answers to all."""
    found = []
    labels = {sample.label for sample in samples if not sample.suite}
    if len(labels) == 1 and (only := labels.pop()):
        found.append(f"All records are labelled {only}, so this says nothing of {LACKS[only]}.")
    found += one_verdict([sample.verdict for sample in samples])
    for judge in judges:
        if judge.asked == REFUSAL.name and (unknown := [one for one in REFUSAL.labels if one not in judge.labels]):
            found.append(f"The judge {judge.name} knows no {' and no '.join(map(_spoken, unknown))}.")
    kinds = Counter(sample.verdict.kind for sample in samples if sample.verdict.kind)
    if kinds:
        told = ", ".join(f"{count} {KINDS[kind]}" for kind, count in kinds.items())
        found.append(f"Among the full refusals: {told}.")
    return found


def one_verdict(verdicts: Sequence[Verdict]) -> list[str]:
    """A sentence if several answers were scored, all with the same verdict."""
    labels = [verdict.label for verdict in verdicts if verdict.label != "unscored"]
    same = len(labels) > 1 and len(set(labels)) == 1
    return [f"All {len(labels)} scored answers have the verdict {_spoken(labels[0])}."] if same else []


def agreements(samples: Sequence[Sample]) -> list[Between]:
    """How far the judges of a run agree, each two of them, on the answers that they were asked about."""
    judged = [[sample.verdict, *sample.judgements] for sample in samples if sample.judgements]
    return between([verdict.judge for verdict in judged[0]], judged) if judged else []


def _spoken(label: str) -> str:
    return label.replace("_", " ")
