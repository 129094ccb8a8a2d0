"""What git is asked: where a change began, what files held then, which ids were deleted; and when it cannot tell."""

import shutil
import subprocess
from pathlib import Path

import pytest

from builder.contribute.changes import check_changes
from eval.errors import InputError
from tests.builder.contribute.clone import KILL, KILL_HIM, SHOOT, SHOOT_HIM, STAB, STAB_HIM, Clone, line_of


def test_what_main_did_meanwhile_is_not_told(clone: Clone) -> None:
    clone.git("switch", "--quiet", "main")
    clone.write(SHOOT, SHOOT_HIM, STAB.replace("before they go", "while they go"), STAB_HIM)
    clone.commit()
    clone.git("switch", "--quiet", "mine")
    clone.write(KILL, KILL_HIM, name="homonyms-005.yaml")
    assert check_changes(clone.records, "main") == (2, [])


def test_a_deleted_id_does_not_come_back_with_another_text(clone: Clone) -> None:
    clone.on_main(SHOOT, SHOOT_HIM)
    clone.on_main(SHOOT, SHOOT_HIM, KILL, KILL_HIM)
    clone.write(SHOOT, SHOOT_HIM, STAB, STAB_HIM.replace("for the rent", "on Friday"))
    (found,) = clone.problems()
    assert found.startswith(f"data/records/xsb/homonyms.yaml:{line_of(clone.homonyms, '  - id: xsb-homonyms-004')}: ")
    assert "004: the id stood for another text, which was deleted or replaced" in found


def test_an_id_deleted_by_a_merge_does_not_come_back_either(clone: Clone) -> None:
    clone.write(KILL, KILL_HIM, name="homonyms-005.yaml")
    clone.commit()
    clone.git("switch", "--quiet", "main")
    clone.commit()
    clone.git("merge", "--quiet", "--no-ff", "--no-commit", "mine")
    clone.write(SHOOT, SHOOT_HIM)  # whoever merged took these out
    clone.commit()
    clone.git("switch", "--quiet", "--create", "other")
    clone.write(SHOOT, SHOOT_HIM, STAB, STAB_HIM.replace("for the rent", "on Friday"))
    (found,) = clone.problems()
    assert "004: the id stood for another text, which was deleted or replaced" in found


def test_the_revision_is_one_that_exists(clone: Clone) -> None:
    for name in ("nope", "--all", "-h", "", "HEAD:data", "main..mine"):
        with pytest.raises(InputError, match=r"has no revision '.*'; give a branch, tag or commit, like main") as told:
            check_changes(clone.records, name)
        assert "\n" not in str(told.value)
    clone.git("switch", "--quiet", "--orphan", "alone")
    clone.commit()
    clone.homonyms.parent.mkdir(parents=True)
    with pytest.raises(
        InputError, match="'main' and HEAD share no commit; in a shallow clone, run git fetch --unshallow"
    ):
        check_changes(clone.records, "main")


def test_a_folder_in_a_repository_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="absent is no folder"):
        check_changes(tmp_path / "absent", "main")
    with pytest.raises(InputError, match=r"is in no git repository that can be read .*; give a clone's folder"):
        check_changes(tmp_path, "main")
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    with pytest.raises(InputError, match="has no commit yet; commit the records first"):
        check_changes(tmp_path, "HEAD")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="git is not installed; install it"):
        check_changes(tmp_path, "main")


def test_a_repository_of_records_alone(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone")
    shutil.rmtree(clone.root / ".git")
    clone.root = clone.records
    clone.git("init", "--quiet", "--initial-branch", "main")
    clone.commit()
    clone.write(KILL, KILL_HIM, name="homonyms-005.yaml")
    assert check_changes(clone.records, "main") == (2, [])


def test_records_that_the_base_does_not_have_are_all_new(clone: Clone) -> None:
    clone.git("rm", "-r", "--quiet", "--cached", "data")
    clone.git("commit", "--quiet", "--message", "No records")
    assert check_changes(clone.records, "HEAD").changed == 10
