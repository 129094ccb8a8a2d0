from pathlib import Path

from space_app.results.reading import read_report
from space_app.results.run import Run
from space_app.results.uploads import Uploads
from tests.space_app.results.runs import run_at


def test_a_visitor_s_page_gets_its_own_and_no_more_than_fit_are_kept(tmp_path: Path) -> None:
    content = (run_at(tmp_path / "run") / "report.json").read_bytes()
    runs = [Run(f"uploaded-{number}", read_report(content, 10**6), uploaded=True) for number in (1, 2)]
    uploads = Uploads(most=3)
    mine, others = uploads.replace([], runs), uploads.replace([], runs[:1])
    assert [one.key for one in uploads.of(mine)] == ["uploaded-1", "uploaded-2"]
    assert len({*mine, *others}) == 3
    mine = uploads.replace(mine, runs[1:])
    assert [one.key for one in uploads.of(mine)] == ["uploaded-2"]
    uploads.replace([], runs)
    assert uploads.of(others) == [] and len(uploads.of(mine)) == 1
    assert uploads.of(["0" * 64]) == []
