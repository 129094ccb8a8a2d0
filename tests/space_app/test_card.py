"""The Space's card names what the Space runs with."""

import re
import tomllib

import gradio
from huggingface_hub import SpaceCard

from eval.models.skittish import BASE
from space_app.card import PYTHON, TOLD, card
from space_app.page import TABS
from tests.test_promises import ROOT


def test_the_front_matter_runs_this_code() -> None:
    text = card(datasets=["org/xsb"])
    data = SpaceCard(text).data.to_dict()
    assert str(SpaceCard(text)) == text
    assert (data["sdk"], data["models"], data["datasets"]) == ("gradio", [BASE], ["org/xsb"])
    assert (ROOT / data["app_file"]).is_file()
    assert data["sdk_version"] == gradio.__version__
    assert f"gradio=={gradio.__version__}" in (ROOT / "constraints.txt").read_text().splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert data["python_version"] == PYTHON == project["requires-python"].removeprefix(">=")
    assert re.search(rf"^PYTHON \?= python{re.escape(PYTHON)}$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert f"Code: xsb {project['version']}." in text


def test_every_tab_is_told() -> None:
    assert set(TOLD) == set(TABS)
    assert all(f"- **{name.capitalize()}**: {TOLD[name]}" in card() for name in TABS)
