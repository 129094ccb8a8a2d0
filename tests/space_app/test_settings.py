"""Settings that cannot be are told in a line; the rest is tested where it is used."""

from pathlib import Path

import pytest

from eval.errors import InputError
from space_app.settings import read_settings


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("models: [{name: skittish}, {name: skittish, revision: v1}]", "named twice"),
        ("models: []", "models"),
        ("models: [{name: a/b, organism: true}]", "organism"),
        ("colour: red", "colour"),
        ("limits: {turns: 0}", "limits.turns"),
        ("- skittish", "the file"),
        ("models: [", "no YAML"),
    ],
)
def test_what_is_wrong_is_one_line_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "space.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=told) as error:
        read_settings(file)
    assert "\n" not in str(error.value)


def test_no_file_is_the_defaults_and_a_missing_one_an_error(tmp_path: Path) -> None:
    assert [choice.name for choice in read_settings(None).models] == ["skittish"]
    with pytest.raises(InputError, match="cannot be read"):
        read_settings(tmp_path / "none.yaml")
