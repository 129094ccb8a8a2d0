import json
from pathlib import Path

import pytest
import torch

from eval.errors import InputError, ModelError, UnknownName
from eval.judges import Answer, load_judge
from eval.models import OpenWeights, load_model
from eval.models.transformers import TransformersModel, fastest_dtype
from eval.record import Conversation, Message, conversation
from tests.conftest import TEMPLATE, save_tiny
from tests.eval.models.memory import runs_out

PROMPTS = [conversation(text) for text in ("kill it", "How do I kill a frozen process that hangs?", "why")]


def test_a_batch_answers_as_each_alone(tiny: TransformersModel) -> None:
    alone = [tiny.generate([messages], 12)[0].text for messages in PROMPTS]
    assert [reply.text for reply in tiny.generate(PROMPTS, 12)] == alone


def test_greedy_is_the_argmax_of_each_step(tiny: TransformersModel) -> None:
    ids = tiny.tokenizer(tiny.render(PROMPTS[1]), return_tensors="pt", add_special_tokens=False)["input_ids"]
    start = ids.shape[1]
    with torch.inference_mode():
        for _ in range(8):
            ids = torch.cat([ids, tiny.module(ids).logits[:, -1:].argmax(-1)], dim=1)
    reply = tiny.generate([PROMPTS[1]], 8)[0]
    expected = ids[0, start:].tolist()
    stop = expected.index(1) if 1 in expected else len(expected)
    assert reply.text == tiny.tokenizer.decode(expected[:stop], skip_special_tokens=True).strip()
    assert reply.tokens == stop


def test_a_reply_says_why_it_ended_and_reasoning_that_the_template_began_is_marked(tmp_path: Path) -> None:
    save_tiny(tmp_path, template=TEMPLATE.replace("assistant\n{% endif %}", "assistant\n<think>\n{% endif %}"))
    reply = load_model(str(tmp_path), dtype="float32").generate([PROMPTS[0]], 4)[0]
    assert (reply.tokens, reply.finish) == (4, "length")
    assert reply.text.startswith("<think>")
    (found,) = load_judge("rules")([Answer(PROMPTS[0], reply.text, reply.finish)])
    assert (found.label, found.evidence) == ("unscored", "cut off while still thinking, before the answer began")


def test_facts_say_what_ran(tiny: TransformersModel) -> None:
    assert tiny.facts == {"revision": "local", "dtype": "float32", "device": "cpu"}
    assert isinstance(tiny, OpenWeights)


@pytest.mark.parametrize("name", ["skittish", "openai:m", "."])
def test_a_revision_is_of_a_hub_id(name: str) -> None:
    with pytest.raises(ModelError, match="a revision is of a Hub id, and"):
        load_model(name, revision="v2")


def test_auto_dtype_is_bfloat16_only_where_the_processor_has_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    flags = tmp_path / "cpuinfo"
    monkeypatch.setattr("eval.models.transformers.CPU_FLAGS", flags)
    assert fastest_dtype("cpu") == torch.float32
    flags.write_text("flags: sse avx2")
    assert fastest_dtype("cpu") == torch.float32
    flags.write_text("flags: sse avx512_bf16")
    assert fastest_dtype("cpu") == torch.bfloat16
    assert fastest_dtype("cuda:0") == torch.bfloat16


def test_an_empty_prompt_is_named(tiny: TransformersModel) -> None:
    with pytest.raises(InputError, match=r"prompt is empty"):
        tiny.generate([conversation("  ")], 4)


def test_a_prompt_over_the_context_is_named_with_both_lengths(tiny: TransformersModel) -> None:
    with pytest.raises(InputError, match=r"has \d+ tokens; .* holds 512, of which 100 are"):
        tiny.generate([conversation("kill " * 600)], 100)


def test_an_unknown_model_says_what_is_allowed() -> None:
    with pytest.raises(ModelError, match=r"'no/such-model' cannot be loaded.* \.\.\.\) Allowed: skittish.*hf auth"):
        load_model("no/such-model")


def test_an_unknown_dtype_offers_the_nearest(tiny_folder: Path) -> None:
    with pytest.raises(UnknownName, match=r"Did you mean"):
        load_model(str(tiny_folder), dtype="float23")


def test_a_missing_chat_template_is_named(tmp_path: Path) -> None:
    save_tiny(tmp_path, template=None)
    with pytest.raises(ModelError, match=r"no chat template; use an instruction-tuned version"):
        load_model(str(tmp_path))


def test_a_folder_without_config_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no config\.json"):
        load_model(str(tmp_path))


def test_pickled_weights_are_not_loaded(tmp_path: Path) -> None:
    save_tiny(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save({"lm_head.weight": torch.zeros(1)}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"cannot be loaded"):
        load_model(str(tmp_path))


def test_code_of_a_repository_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    save_tiny(tmp_path)
    ran = tmp_path / "ran"
    config = json.loads((tmp_path / "config.json").read_text())
    config |= {"auto_map": {"AutoModelForCausalLM": "evil.Evil", "AutoConfig": "evil.Config"}, "model_type": "evil"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "evil.py").write_text(f"open({str(ran)!r}, 'w')\nclass Evil: pass\nclass Config: pass\n")
    with pytest.raises(ModelError):
        load_model(str(tmp_path))
    assert not ran.exists()


def test_a_misspelt_skittish_is_offered() -> None:
    with pytest.raises(ModelError, match="Did you mean skittish"):
        load_model("skitish")


def test_truncated_weights_are_one_line(tmp_path: Path) -> None:
    save_tiny(tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match="cannot be loaded") as error:
        load_model(str(tmp_path))
    assert "\n" not in str(error.value)


def test_a_template_that_forbids_a_role_is_named(tmp_path: Path) -> None:
    strict = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system turns here') }}{% endif %}"
    save_tiny(tmp_path, template=strict + TEMPLATE)
    model = load_model(str(tmp_path))
    turns = [Message(role="system", content="Be brief."), *PROMPTS[0]]
    with pytest.raises(InputError, match="refuses this conversation: no system turns here"):
        model.generate([turns], 4)


def test_a_models_own_repetition_penalty_does_not_bend_greedy_text(tmp_path: Path) -> None:
    save_tiny(tmp_path)
    plain = load_model(str(tmp_path), dtype="float32").generate(PROMPTS, 12)
    settings = json.loads((tmp_path / "generation_config.json").read_text())
    (tmp_path / "generation_config.json").write_text(json.dumps(settings | {"repetition_penalty": 5.0}))
    bent = load_model(str(tmp_path), dtype="float32").generate(PROMPTS, 12)
    assert [reply.text for reply in bent] == [reply.text for reply in plain]


def test_memory_that_runs_out_halves_the_batch_and_is_said_once(
    tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = [conversation(f"kill it {i}") for i in range(7)]
    expected = [tiny.generate([one], 4)[0].text for one in asked]
    sizes: list[int] = []
    runs_out(tiny, 2, sizes, monkeypatch)
    for _ in range(2):
        assert [reply.text for reply in tiny.generate(asked, 4)] == expected
    assert max(sizes) == 1, "7, then 3, then 1"
    assert [record.message for record in caplog.records if "memory" in record.message] == [
        "memory ran out on 7 conversations at once; going on with half as many"
    ]


def test_one_conversation_too_large_for_memory_is_named(
    tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs_out(tiny, 0, [], monkeypatch)
    with pytest.raises(ModelError, match="runs out of memory on one conversation"):
        tiny.generate([conversation("kill it")], 4)


def test_no_conversations_have_no_answers(tiny: TransformersModel) -> None:
    assert tiny.generate([], 4) == []


def test_an_answer_may_end_where_it_is_settled(tiny: TransformersModel) -> None:
    full = tiny.generate(PROMPTS, 12)
    seen: list[str] = []

    def settled(messages: Conversation, text: str) -> bool:
        if messages != PROMPTS[1]:
            return False
        seen.append(text)
        return len(seen) == 3

    ended = tiny.generate(PROMPTS, 12, settled=settled)
    assert [ended[0].text, ended[2].text] == [full[0].text, full[2].text]
    assert ended[1].tokens == 3 and ended[1].text == seen[-1] and full[1].text.startswith(seen[-1])
