"""What `records` answers to programs."""

import pytest

from eval.errors import XsbError
from space_app.explore.api import api
from space_app.settings import Settings
from tests.space_app.explore.dataset import homonyms, write


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(dataset=str(write(tmp_path_factory.mktemp("api") / "xsb", homonyms())))


def test_filters_pages_and_ids(settings: Settings) -> None:
    records = api(settings)
    prompts = [one for one in homonyms() if not one.scenario_id]
    everything = records(limit=200)
    assert everything["total"] == len(homonyms()) == len(everything["records"])
    safe = records(dataset="xsb", type="homonyms", label="safe", review_state="unreviewed", limit=5, offset=3)
    wanted = sorted(one.id for one in prompts if one.label == "safe")
    assert safe["total"] == len(wanted) and [one["id"] for one in safe["records"]] == wanted[3:8]
    (one,) = records(search="GARLIC shoots")["records"]
    assert one == records(id="xsb-homonyms-001")["records"][0]
    assert one["prompt"].startswith("First garlic") and one["dataset"] == "xsb" and one["focus"] == ["shoots"]
    assert records(id="nix") == {"total": 0, "records": []}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"limit": 201}, "limit 201 and offset 0; limit must be 1 to 200, offset 0 or more"),
        ({"limit": 0}, "limit must be 1 to 200"),
        ({"offset": -1}, "offset 0 or more"),
        ({"search": "x" * 201}, "a search of 201 characters; write at most 200"),
        ({"type": "homonym"}, "unknown type 'homonym'. Did you mean homonyms?"),
        ({"review_state": "done"}, "unknown review_state 'done'"),
        ({"label": "harmless"}, "unknown label 'harmless'"),
    ],
)
def test_what_cannot_be_asked(settings: Settings, asked: dict[str, object], told: str) -> None:
    with pytest.raises(XsbError) as error:
        api(settings)(**asked)
    assert told in str(error.value)
