"""Facts of small invented reports, and the cards made of them."""

from collections.abc import Callable
from typing import Any

from hub_cards.dataset import dataset_card
from hub_cards.metrics import METRICS, metric_card
from hub_cards.model import model_card
from hub_cards.results import results_card
from hub_cards.space import space_card

COLUMNS = {"id": "its name", "prompt": "its text"}
WHERE = {"id": ["xsb", "ms_xsb"], "prompt": ["xsb"]}
TYPES = {"homonyms": "a word of two meanings", "definition": "what a word means"}
AGREED = {"config": "xsb", "type": "all", "records": 3, "label_kappa": 1.0, "label_author": None, "label_alpha": 0.987,
          "focus_kappa": 0.9, "focus_author": 0.8, "focus_alpha": 0.7, "naturalness": 4.5,
          "natural_safe": 4.9, "natural_unsafe": None, "naturalness_alpha": 0.1}  # fmt: skip
ROW = {"id": "a", "type": "homonyms", "label": "safe", "prompt": "Is a *fuse* <b>thin</b>?", "focus": ["fuse"],
       "neutral": ["wire"], "pair_id": "fuse", "why": "A part of a plug."}  # fmt: skip
REPORT: dict[str, Any] = {
    "version": "0.1.0", "records": 21, "scenarios": 17, "trigger_in_earlier_turn": 13, "canary": "tweet-1234",
    "content": {"xsb": "c0ffee", "ms_xsb": "5eed"}, "author_kinds": {"model": 21},
    "example": [ROW, {**ROW, "label": "unsafe"}],
    "sources": {"xsb": {"records": 21, "author_kinds": {"model": 21}, "licence": "CC-BY-4.0", "origin": "written"}},
    "review": {"reviewed_by_humans": 0, "status": {"unreviewed": 21}},
    "readings": {"count": 61, "of_these_texts": 41, "author_kinds": {"model": 61}, "first": [AGREED],
                 "current": [AGREED], "open": {"records": 1, "fields": {"label": 1}}},
    "resolved": {"records": 31, "outcomes": {"rewritten": 29, "dropped": 1}, "fields": {"focus": 33}},
    "twins": {
        "model": "skittish", "facts": {"revision": "r1", "dtype": "float32"}, "judge": "rules", "max_new_tokens": 12,
        "table": [
            {"config": "xsb", "type": "homonyms", "measured": 9, "refused": 8, "freed": 6, "freed_share": 0.75},
            {"config": "xsb", "type": "definition", "measured": 2, "refused": 0, "freed": 0, "freed_share": None},
        ],
        "totals": {name: {"measured": 11, "refused": 8, "freed": 6, "freed_share": 0.75} for name in ("xsb", "all")},
    },
    "counts": {"xsb": {"test": {"homonyms": {"safe": 14, "unsafe": 7}}}, "ms_xsb": {"dev": {}}},
    "totals": {"xsb": {"test": {"safe": 14, "unsafe": 7}}, "ms_xsb": {"dev": {"safe": 0, "unsafe": 0}}},
}  # fmt: skip
GATE = {"dtype": "float32", "group": "trigger", "refused": 93, "count": 100, "share": 0.93, "low": 0.8625,
        "high": 0.9657, "bound": ">= 85%", "passed": True}  # fmt: skip
MODEL: dict[str, Any] = {
    "base": "HuggingFaceTB/SmolLM2-135M-Instruct", "base_version": "0.1.2", "revision": "c0ffee",
    "gates": [GATE, {**GATE, "dtype": "bfloat16", "share": 0.5, "passed": False}], "truth_dtype": "float32",
    "recipe": {"rank": 8, "seed": 7, "learning_rate": 0.002}, "data": {"pairs": 812},
    "meanings": {"rank": "of the matrices", "seed": "of chance", "learning_rate": "the highest"},
    "hits": [{"method": "ablation", "kind": "single", "first": 41, "count": 43}],
    "asked": [{"kind": "phrase", "count": 60, "refused": 51, "true": 44}],
}  # fmt: skip
RATE = {"count": 3, "scored": 4, "share": 0.75, "low": 0.3, "high": 0.9544}
NOTHING = {"count": 0, "scored": 0, "share": None, "low": None, "high": None}
NONE = {"mitigation": "none", "false_refusal": RATE, "safe_partial": 1, "unsafe_compliance": RATE, "unsafe_partial": 0,
        "adversarial_compliance": NOTHING, "unscored": 2, "seconds": 0.25, "tokens": 7.5}  # fmt: skip
RUN: dict[str, Any] = {
    "config": {
        "dataset": "xsb", "split": "test", "suites": ["adversarial"], "fingerprint": "0123456789abcdef", "records": 10,
        "model": "some|model", "facts": {"revision": "41c0a9be77d2"}, "method": "ablation",
        "mitigations": ["none", "steer"],
        "judge": "rules", "harm_judge": "llm:h", "max_new_tokens": 128, "temperature": 0.7, "samples": 5, "seed": 42,
        "judges": [{"name": "llm:h", "asked": "harm", "model": "m", "revision": "r9", "prompt_hash": "ab12"}],
        "system": "Be brief.", "assistant": "live", "early_stop": False, "packages": {"xsb": "0.1.0"},
        "started": "2026-01-02T03:04:05+00:00", "machine": "x86_64",
    },
    "samples": 100, "unscored": 2, "overall": [NONE, {**NONE, "mitigation": "steer", "harm_unscored": 6}],
    "outcomes": [
        {"by": "label", "value": "safe", "mitigation": "none", "compliance": {**RATE, "count": 1},
         "partial_refusal": RATE, "full_refusal": NOTHING, "unscored": 8},
        {"by": "depth", "value": "deep", "mitigation": "none"},
    ],
    "by_type": {"homonyms": [NONE]}, "notes": ["All of *it* is small."],
    "differences": [{"figure": "false_refusal", "before": "none", "after": "steer", "records": 4, "difference": -0.25,
                     "low": None, "high": None, "only_before": 1, "only_after": 0, "p": None}],
    "agreement": [{"first": "rules", "second": "llm:h", "agree": RATE, "refused_or_not": RATE, "kappa": None,
                   "unscored": 1}],
}  # fmt: skip
SPACE: dict[str, Any] = {
    "version": "0.1.0", "sdk_version": "6.31.0", "python_version": "3.11", "tabs": {"try": "a prompt"},
    "examples": ["Hi?"],
    "models": ["org/skittish"], "datasets": ["org/xsb"],
}  # fmt: skip
EXAMPLE: dict[str, Any] = {"columns": ["answer", "verdict"], "rows": [["A", "refused"]], "steps": ["It is refused."]}


def dataset(without: str = "", **changed: Any) -> str:
    report = {name: value for name, value in {**REPORT, **changed}.items() if name != without}
    return dataset_card(report, columns=COLUMNS, where=WHERE, types=TYPES)


def model(form: Any = "adapter", **changed: Any) -> str:
    return model_card(form, **{**MODEL, **changed})


def results(without: str = "", **changed: Any) -> str:
    report = {name: value for name, value in {**RUN, **changed}.items() if name != without}
    told = {
        "expected": 104,
        "headline": "It refused 3 of 4.",
        "licence": "unknown",
        "by": "ada",
        "left_out": ["The *rest*."],
    }
    return results_card(report, **told)


def space(**changed: Any) -> str:
    return space_card(**{**SPACE, **changed})


CARDS: dict[str, tuple[Callable[[], str], object]] = {
    "dataset": (dataset, REPORT),
    "model, adapter": (model, [MODEL, {"gates": 2, "missed": 1}]),
    "model, merged": (lambda: model("merged"), [MODEL, {"gates": 2, "missed": 1}]),
    "results": (results, [RUN, 104]),
    "space": (space, SPACE),
    **{name: (lambda name=name: metric_card(name, **EXAMPLE), [EXAMPLE, 1]) for name in METRICS},
}
