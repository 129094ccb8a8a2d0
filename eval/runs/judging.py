"""Answers judged and kept, one chunk after the other, while a bar tells how far it is."""

from collections import Counter
from collections.abc import Iterable

from eval.judges.canaries import check_inputs
from eval.judges.panel import Panel
from eval.mitigation import NONE
from eval.progress import counting
from eval.runs.answering import Batch
from eval.runs.sample import Sample, SampleFile, tally


def judge_all(file: SampleFile, chunks: Iterable[Iterable[Batch]], total: int, panel: Panel, what: str) -> None:
    """Judge the chunks that are left, and keep them.

    Args:
        file: of the samples, with those of the chunks that are done.
        chunks: the others; a whole chunk is kept, or nothing of it.
        total: samples of all chunks.
        panel: that judges.
        what: is done, for the bar.

    Raises:
        ModelError: a judge fails, or all that it is asked of a chunk is the same.
        InputError: the samples cannot be written.
    """
    verdicts = Counter(sample.verdict.label for sample in file.read())
    with counting(what, total, verdicts.total(), tally(verdicts)) as advance:
        for chunk in chunks:
            samples: list[Sample] = []
            unmitigated: list[tuple[str, str]] = []
            for batch in chunk:
                new = _judged(batch, panel)
                verdicts.update(sample.verdict.label for sample in new)
                advance(len(new), tally(verdicts))
                samples += new
                unmitigated += [(a.prompt, a.response) for s, a in batch if s.mitigation == NONE and s.sample == 0]
            check_inputs(unmitigated)
            file.append(samples)


def _judged(batch: Batch, panel: Panel) -> list[Sample]:
    samples, answers = [sample for sample, _ in batch], [answer for _, answer in batch]
    for sample, judged in zip(samples, panel(answers, [sample.unsafe for sample in samples]), strict=True):
        sample.verdict, sample.judgements, sample.harm = judged
    return samples
