import pytest
import torch

from eval.mitigation import Decoding, Request, attempts, named
from eval.mitigation.remove_direction import direction_removed
from eval.models.decoding import Limits
from eval.models.transformers import TransformersModel
from eval.record import conversation

TEXTS = [conversation("kill it"), conversation("How do I kill a frozen process?")]


def states(model: TransformersModel) -> tuple[torch.Tensor, torch.Tensor]:
    """What every layer reads, shape (layers, batch, length, size), and the logits."""
    texts = [model.render(messages) for messages in TEXTS]
    inputs = model.tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
    read: list[torch.Tensor] = []
    handles = [
        layer.register_forward_pre_hook(lambda _module, args: read.append(args[0]))
        for layer in model.module.get_decoder().layers
    ]
    with torch.inference_mode():
        logits = model.module(**inputs).logits
    for handle in handles:
        handle.remove()
    return torch.stack(read), torch.as_tensor(logits)


def unit(model: TransformersModel) -> torch.Tensor:
    vector = torch.randn(model.module.config.hidden_size, generator=torch.Generator().manual_seed(0))
    return vector / vector.norm()


def test_nothing_is_left_along_the_direction_in_the_chosen_rows(tiny: TransformersModel) -> None:
    before, vector = states(tiny)[0], unit(tiny)
    with direction_removed(tiny.module, vector, torch.tensor([True, False])):
        after = states(tiny)[0]
    assert (before[:, 0] @ vector).abs().max() > 1e-2
    assert (after[:, 0] @ vector).abs().max() < 1e-5
    assert torch.allclose(after[:, 1], before[:, 1], atol=1e-5)


def test_sorted_and_joining_rows_are_changed_as_each_alone(
    tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [conversation(f"{'please ' * (i % 4)}kill the process {i}") for i in range(7)]
    chosen, vector = torch.arange(7) % 3 > 0, unit(tiny)
    alone = []
    for at, messages in enumerate(asked):
        with direction_removed(tiny.module, vector, chosen[at : at + 1]):
            alone += [tiny.generate([messages], 12)[0].text]
    plain = [reply.text for reply in tiny.generate(asked, 12)]
    assert [one != other for one, other in zip(alone, plain, strict=True)] == chosen.tolist()
    monkeypatch.setattr("eval.models.transformers.CPU_LIMITS", Limits(3, 60, 10**6))
    with direction_removed(tiny.module, vector, chosen):
        assert [reply.text for reply in tiny.generate(asked, 12)] == alone


@pytest.mark.parametrize("error", [None, KeyboardInterrupt()])
def test_the_model_is_restored_whatever_happens(tiny: TransformersModel, error: BaseException | None) -> None:
    before = states(tiny)[1]
    try:
        with direction_removed(tiny.module, unit(tiny), torch.tensor([True, True])):
            assert not torch.allclose(states(tiny)[1], before, atol=1e-4)
            if error:
                raise error
    except KeyboardInterrupt:
        pass
    assert torch.equal(states(tiny)[1], before)


def test_a_model_without_a_known_direction_says_how_to_fit_one(tiny: TransformersModel) -> None:
    (attempt,) = attempts(named("remove_direction"), tiny, [Request(TEXTS[0], [])], Decoding(4))
    assert attempt.failed
    assert "xsb-eval direction --model" in attempt.note
