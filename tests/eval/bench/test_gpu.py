"""The GPU's bench runs as a toy on a CPU."""

import typer
from typer.testing import CliRunner

from eval.bench.gpu import LLAMA_8B, main


def test_a_toy_runs_on_a_cpu() -> None:
    app = typer.Typer()
    app.command()(main)
    result = CliRunner().invoke(app, ["--tiny", "--device", "cpu"])
    assert result.exit_code == 0, result.output
    assert "of the slow reference" in result.stdout and "TFLOP/s" in result.stdout
    assert result.stdout.count("ablation") == result.stdout.count("shap") == 2


def test_the_8b_shape_has_eight_billion_weights() -> None:
    h, inner, layers, vocabulary = (
        LLAMA_8B[key] for key in ("hidden_size", "intermediate_size", "num_hidden_layers", "vocab_size")
    )
    keys = h * LLAMA_8B["num_key_value_heads"] // LLAMA_8B["num_attention_heads"]
    weights = layers * (2 * h * h + 2 * h * keys + 3 * h * inner) + 2 * vocabulary * h
    assert 8.0e9 < weights < 8.1e9
