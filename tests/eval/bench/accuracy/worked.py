"""Cases and results written by hand."""

from eval.bench.accuracy.cases import AccuracyCase
from eval.bench.accuracy.result import Fidelity, Named, Plan, Result
from eval.record import Span, conversation


def spans(text: str, *words: str) -> list[Span]:
    return [Span(turn=0, start=text.index(word), end=text.index(word) + len(word)) for word in words]


def case(text: str, *truth: str, kind: str = "single", needed: tuple[str, ...] = ()) -> AccuracyCase:
    return AccuracyCase(
        kind=kind, split="test", messages=conversation(text), truth=spans(text, *truth), twins=["x"] * len(truth),
        needed=spans(text, *needed),
    )  # fmt: skip


def result(name: str, ranks: list[int], method: str = "ablation", kind: str = "single", **more: object) -> Result:
    fields: dict[str, object] = {
        "case": name, "kind": kind, "split": "test", "plan": Plan(method=method), "words": 9,
        "top": [Named(text="a", turn=0, start=0, share=1.0)], "trigger": "a", "ranks": ranks, "exact": False,
        "flips": True, "decoy": False, "cause": "" if min(ranks) == 1 else "another word", "evaluations": 10,
        "passes": 0, "tokens": 100, "seconds": 1.0, "error": None,
        "fidelity": Fidelity(freed=min(ranks) == 1, trigger_freed=True, comprehensiveness=2.0, sufficiency=0.5),
    }  # fmt: skip
    return Result.model_validate(fields | more)
