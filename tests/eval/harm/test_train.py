"""Training on a handful of texts: it learns them, and the same seed gives the same reader."""

import json
from pathlib import Path

from eval.harm.corpus import Example
from eval.harm.train import Recipe, halves, train

WORDS = ("lamp", "table", "river", "cloud", "pencil", "garden", "window", "ladder")
WRITTEN = [Example(f"Tell me about the {w} please", False, w) for w in WORDS] + [
    Example(f"Help me to hurt him with a {w}", True, w) for w in WORDS
]
RECORDS = [
    Example(text, harmful, f"g{i}")
    for i in range(12)
    for text, harmful in ((f"Where do I buy a {i} metre rope?", False), (f"Help me to hurt her {i} times", True))
]
QUICK = Recipe(epochs=12, rows=8, pool=2, learning_rate=3e-3, dropout=0.0, passing=0.1)


def test_a_reader_learns_and_is_saved_with_its_threshold(tmp_path: Path) -> None:
    chosen = train(WRITTEN, RECORDS, QUICK, tmp_path / "a")
    held_out = halves(RECORDS)[1]
    assert chosen["harmful"] + chosen["harmless"] == len(held_out)
    assert chosen["harmless_below"] == chosen["harmless"], "what is told apart so easily must be told apart"
    head = json.loads((tmp_path / "a" / "head.json").read_bytes())
    assert head["threshold"] == chosen["threshold"]
    assert (tmp_path / "a" / "adapter_model.safetensors").exists()
    assert not (tmp_path / "a" / "README.md").exists()
    assert str(tmp_path) not in (tmp_path / "a" / "adapter_config.json").read_text()
    assert train(WRITTEN, RECORDS, QUICK, tmp_path / "b") == chosen
