"""Which records are shown: those of a release, of the Hub at one revision, or of the package."""

import json
import shutil
from pathlib import Path

import pytest

from builder.release.build import FILES, release
from builder.shipped import RECORDS
from builder.source.read import read_folder
from eval.errors import InputError
from space_app.explore.records import record, records_of
from space_app.explore.release import TABLES
from space_app.settings import Settings
from tests.hub_server import hub
from tests.hub_server.client import python
from tests.space_app.explore.dataset import homonyms, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return release(homonyms(), tmp_path_factory.mktemp("release") / "xsb")


def test_a_release_is_shown_as_it_is(folder: Path) -> None:
    shown = records_of(str(folder))
    assert shown.origin == f"version 0.1.0, from the folder {folder}"
    assert {r.id: r.model_dump(exclude={"trigger_turn"}) for r in shown.all} == {
        r.id: r.model_dump(exclude={"trigger_turn"}) for r in homonyms()
    }
    assert [r.scenario_id is None for r in shown.all] == sorted(
        (r.scenario_id is None for r in shown.all), reverse=True
    )
    assert records_of(str(folder)) is shown


def test_contrasts_are_the_others_of_a_pair(folder: Path) -> None:
    shown = records_of(str(folder))
    ids = {
        one: [other.id for other in shown.contrasts(shown.get(one))] for one in ("xsb-homonyms-001", "xsb-homonyms-003")
    }
    assert ids == {
        "xsb-homonyms-001": ["xsb-homonyms-003"],
        "xsb-homonyms-003": ["xsb-homonyms-001", "xsb-homonyms-002"],
    }
    signs = [f"ms-xsb-airport-signs-0{number}" for number in range(1, 7)]
    assert [other.id for other in shown.contrasts(shown.get(signs[4]))] == signs[:4]


def test_without_a_release_the_records_of_the_package_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = records_of("xsb")
    assert {r.id for r in shown.all} == {r.id for r in read_folder(RECORDS)[0]}
    assert shown.origin == "version 0.1.0, the records that come with the program"
    first = record(Settings(), "xsb-homonyms-001")
    assert first.focus == ["shoots"] and [one.reader for one in shown.readings(first)] == ["model-a", "model-b"]
    with pytest.raises(InputError, match=r"there is no record 'nix' in version 0\.1\.0.*find its id under Explore"):
        record(Settings(), "nix")


def test_what_is_no_release_is_told_in_a_line(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "empty").mkdir()
    shutil.copytree(folder, tmp_path / "torn")
    (tmp_path / "torn" / "xsb" / "dev.parquet").write_bytes(b"PAR1")
    spans = write(tmp_path / "spans", [one.model_copy(update={"focus": ["elephant"]}) for one in homonyms()])
    for name, told in {
        str(
            tmp_path / "empty"
        ): "holds none of xsb/test.parquet, .*so it is no release; make a release: xsb-build rele",
        str(tmp_path / "torn"): r"xsb/dev\.parquet of .*/torn is damaged \(.*make a release",
        str(spans): r"xsb/test\.parquet of .*/spans is damaged \(row 1 is not a record: .*make a release",
        "lab/nix": "there is no folder lab/nix here, and from the Hub it cannot be had: HF_HUB_OFFLINE keeps",
    }.items():
        with pytest.raises(InputError, match=told) as error:
            records_of(name)
        assert "\n" not in str(error.value)


HUB = """
    import json, sys
    from eval.errors import XsbError
    from space_app.explore.records import records_of

    def told(name):
        try:
            return records_of(name).origin
        except XsbError as error:
            return str(error)

    shown = told("lab/xsb"), len(records_of("lab/xsb").all)
    print(json.dumps([told("lab/nix"), *shown, told("lab/other"), told("no name"), "torch" in sys.modules]))
"""


def test_a_dataset_on_the_hub_is_shown_at_its_revision(tmp_path: Path, folder: Path) -> None:
    with hub(tmp_path / "hub") as server:
        revision = server.put("datasets", "lab/xsb", {name: (folder / name).read_bytes() for name in FILES}, "v0.1.0")
        server.put("datasets", "lab/other", {"README.md": b"# Another dataset"})
        missing, shown, count, other, name, torch = json.loads(python(server, tmp_path / "home", "", HUB))
    assert shown == f"version 0.1.0, lab/xsb on the Hub at {revision[:12]}" and count == len(homonyms())
    assert missing.startswith("lab/nix is no folder here, and no dataset on the Hub for this token; make a release")
    assert other.startswith(f"lab/other holds none of {', '.join(TABLES)}, so it is no release")
    assert "'no name' is no name of a repository" in name
    assert torch is False
