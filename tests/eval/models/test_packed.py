from pathlib import Path

import pytest
import torch

from eval.models import load_model
from eval.models.packed import packed
from eval.models.transformers import TransformersModel

IDS = torch.tensor([[5, 6, 7, 8], [9, 10, 11, 12]])


def logits(model: TransformersModel) -> torch.Tensor:
    with torch.inference_mode():
        return torch.as_tensor(model.module(IDS).logits)


def laid_out(model: TransformersModel) -> bool:
    return "forward" in model.module.get_output_embeddings().__dict__


@pytest.fixture(scope="module")
def half(tiny_folder: Path) -> TransformersModel:
    model = load_model(str(tiny_folder), dtype="bfloat16", device="cpu")
    assert isinstance(model, TransformersModel)
    return model


def test_products_are_the_same_and_the_layers_are_restored(half: TransformersModel) -> None:
    before = logits(half)
    with pytest.raises(KeyboardInterrupt), packed(half.module):
        assert laid_out(half) == torch.ops.mkldnn._is_mkldnn_bf16_supported()
        assert torch.allclose(logits(half), before, rtol=0.02, atol=0.1)
        raise KeyboardInterrupt
    assert not laid_out(half)
    assert torch.equal(logits(half), before)


def test_float32_and_large_models_stay_as_they_are(
    tiny: TransformersModel, half: TransformersModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with packed(tiny.module):
        assert not laid_out(tiny)
    monkeypatch.setattr("eval.models.packed.MOST_BYTES", 1000)
    with packed(half.module):
        assert not laid_out(half)


def test_a_biased_layer_keeps_its_bias() -> None:
    torch.manual_seed(0)
    holder = torch.nn.Sequential(torch.nn.Linear(8, 4).bfloat16())
    holder.device = torch.device("cpu")
    states = torch.randn(3, 8).bfloat16()
    with torch.inference_mode():
        expected = holder(states)
        with packed(holder):
            assert torch.allclose(holder(states), expected, rtol=0.02, atol=0.02)
