"""Input of `xsb-eval run` that cannot be used: one line, before any model is loaded, and nothing left behind."""

from pathlib import Path

import pytest

from eval.cli import app
from eval.errors import XsbError


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("text,label\nhello,safe\n", [], "a dataset needs a column `prompt` or `messages`"),
        ("prompt,label\n", [], "has no rows"),
        ("", [], "rows.csv"),
        ("prompt,label\nhello,odd\n", [], "labels 'odd' .1 rows. are unknown; allowed: safe"),
        ("prompt\nhello\n", ["--samples", "2"], "give a --temperature above 0"),
        ("prompt\nhello\n", ["--base-url", "http://127.0.0.1:9/v1"], "--base-url is the endpoint of a model openai"),
        ("prompt\nhello\n", ["--model", "a/b,a-b"], "would share a folder"),
        ("prompt\nhello\n", ["--mitigations", "ster"], "Did you mean steer"),
        ("prompt\nhello\n", ["--suite", "adversaril"], "Did you mean adversarial"),
        ("prompt\nhello\n", ["--dry-run", "--samples", "2"], "give a --temperature above 0"),
    ],
)
def test_input_that_cannot_be_used(
    content: str, options: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text(content)
    with pytest.raises(XsbError, match=message) as error:
        app(["run", "--dataset", "rows.csv", "--model", "no/such-model", "--out", "o", *options], standalone_mode=False)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "o").exists()
