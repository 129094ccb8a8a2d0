"""Whether a setting names a dataset on the Hub: one answer for all tabs and for `xsb-space deploy`."""

from pathlib import Path

import pytest

from space_app.settings import Settings
from space_app.source import OnHub, on_hub


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("ORG/xsb", OnHub("ORG/xsb")),
        ("org/xsb.v2@v0.1.0", OnHub("org/xsb.v2", "v0.1.0")),
        ("org/xsb@refs/pr/1", OnHub("org/xsb", "refs/pr/1")),
        ("xsb", None),
        ("org/a/b", None),
        ("/srv/xsb", None),
        ("../xsb", None),
        ("org/xsb@", None),
        ("no name/x", None),
        ("", None),
    ],
)
def test_what_a_name_names(name: str, found: OnHub | None) -> None:
    assert on_hub(name) == found


def test_what_is_here_is_not_asked_for_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lab" / "runs").mkdir(parents=True)
    assert on_hub("lab/runs") is None and on_hub("lab/other") == OnHub("lab/other")
    assert all(on_hub(name) is None for name in (Settings().dataset, *Settings().results))
