"""The card of skittish, as an adapter or as a merged model, from what was measured when it was trained."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from hub_cards.render import render

Form = Literal["adapter", "merged"]


def model_card(
    form: Form, *, base: str, base_version: str, revision: str, gates: Sequence[Mapping[str, Any]],
    asked: Sequence[Mapping[str, Any]], hits: Sequence[Mapping[str, Any]], recipe: Mapping[str, Any],
    meanings: Mapping[str, str], data: Mapping[str, int], truth_dtype: str,
) -> str:  # fmt: skip
    """The card, all of whose numbers are those of the measurements.

    Args:
        form: what the repository holds.
        base: the base model's id on the Hub.
        base_version: which file of it.
        revision: of the adapter.
        gates: a row per dtype and group of held-out prompts: how many are refused, and the bound.
        asked: a row per kind of held-out sentence: how many have a true trigger.
        hits: a row per method and kind: how often it ranks a word of the true trigger first.
        recipe: of the training, by name, and `meanings` of the names.
        meanings: what each entry of the recipe is.
        data: how much of what it was trained and measured on.
        truth_dtype: in which `asked` and `hits` were measured.
    """
    facts = {
        "base": base, "base_version": base_version, "revision": revision, "gates": gates, "asked": asked, "hits": hits,
        "recipe": recipe, "meanings": meanings, "data": data, "truth_dtype": truth_dtype,
    }  # fmt: skip
    return render("model.md", front=_front(form, base, revision, gates), form=form, **facts)


def _front(form: Form, base: str, revision: str, gates: Sequence[Mapping[str, Any]]) -> str:
    from huggingface_hub.repocard_data import EvalResult, ModelCardData  # reads its settings at import

    results = [
        EvalResult(
            task_type="text-generation",
            task_name="Refusing because of single words",
            dataset_type="skittish-held-out",  # there is no such dataset on the Hub: the name says so
            dataset_name=f"held-out sentences of the project, not on the Hub: {gate['group']}",
            dataset_config=str(gate["group"]),
            dataset_revision=revision,
            metric_type="refused",
            metric_name=f"share of prompts refused, greedy, {gate['dtype']}",
            metric_value=gate["share"],
        )
        for gate in gates
    ]
    return ModelCardData(
        model_name="skittish",
        license="apache-2.0",
        language=["en"],
        base_model=base,
        base_model_relation="adapter" if form == "adapter" else "finetune",
        library_name="peft" if form == "adapter" else "transformers",
        pipeline_tag="text-generation",
        tags=["model-organism", "over-refusal", "exaggerated-safety", *(["lora"] if form == "adapter" else [])],
        eval_results=results,
    ).to_yaml()
