from pathlib import Path

import pytest

from eval.errors import InputError
from eval.runs.experiment import check_arguments, folders

OUT = Path("runs/x")


def test_one_run_has_the_folder_itself() -> None:
    assert folders(OUT, ["skittish"], ["xsb"]) == {("skittish", "xsb"): OUT}


def test_what_there_are_several_of_names_the_folder() -> None:
    models = ["meta-llama/Llama-3.2-1B-Instruct", "./my model"]
    assert set(folders(OUT, models, ["xsb"]).values()) == {OUT / "meta-llama-Llama-3.2-1B-Instruct", OUT / "my-model"}
    assert list(folders(OUT, ["skittish"], ["xsb", "rows.csv"]).values()) == [OUT / "xsb", OUT / "rows.csv"]
    assert folders(OUT, models, ["xsb", "ms_xsb"])[models[1], "ms_xsb"] == OUT / "my-model" / "ms_xsb"


@pytest.mark.parametrize(
    ("models", "datasets", "message"),
    [
        (["a/b", "a-b"], ["xsb"], "would share a folder"),
        ([], ["xsb"], "there is no model"),
        (["m"], [], "there is no dataset"),
    ],
)
def test_runs_that_have_no_folder_of_their_own(models: list[str], datasets: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        folders(OUT, models, datasets)


@pytest.mark.parametrize(
    ("models", "base_url", "dtype", "samples", "message"),
    [
        (["skittish"], "http://127.0.0.1:1/v1", "auto", 1, "--base-url is the endpoint of a model openai:NAME"),
        (["openai:a"], None, "float32", 1, "endpoints choose their own"),
        (["skittish"], None, "auto", 2, "give a --temperature above 0, or one sample"),
    ],
)
def test_arguments_that_contradict_one_another(
    models: list[str], base_url: str | None, dtype: str, samples: int, message: str
) -> None:
    check_arguments(["skittish", "openai:a"], "http://127.0.0.1:1/v1", "float32", 0.5, 2)
    check_arguments(["skittish"], "http://127.0.0.1:1/v1", "auto", 0.5, 2, ["guard+rephrase:openai:a"])
    with pytest.raises(InputError, match=message):
        check_arguments(models, base_url, dtype, 0.0, samples)
