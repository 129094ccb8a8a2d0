"""docs/datasets.md's ways to load from the Hub, run as they stand there, against a hub on loopback."""

import re
from pathlib import Path

from builder.release.build import FILES, release
from eval.record import Record
from tests.hub_server import hub
from tests.hub_server.client import python
from tests.test_promises import ROOT

SHOW = """
print({name: rows.num_rows for name, rows in prompts.items()}, dialogues.num_rows)
print([row["why"] for row in streamed][0], len(frame), columns.height)
print(load_dataset("ORG/xsb", split="dev", revision="v1.0.0")[0]["why"])
"""


def test_the_calls_of_the_page(few: list[Record], tmp_path: Path) -> None:
    page = (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8")
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "ORG/xsb" in block]
    first = [record.model_copy(update={"version": "1.0.0"}) for record in few]
    second = [
        record.model_copy(update={"version": "1.1.0", "why": "A better reason."}) if record.split == "dev" else record
        for record in first
    ]
    with hub(tmp_path / "hub") as server:
        for records, tag in ((first, "v1.0.0"), (second, "v1.1.0")):
            folder = release(records, tmp_path / "xsb")
            server.put("datasets", "lab/xsb", {name: (folder / name).read_bytes() for name in FILES}, tag)
        told = python(server, tmp_path / "other", "", (code + SHOW).replace("ORG", "lab")).splitlines()
    counts = {
        (name, split): sum(r.split == split and (r.scenario_id is None) == (name == "xsb") for r in few)
        for name in ("xsb", "ms_xsb")
        for split in ("test", "dev")
    }
    xsb = {split: counts["xsb", split] for split in ("test", "dev")}
    whys = sorted((r.id, r.why) for r in few if r.split == "dev" and r.scenario_id is None)
    assert told == [
        f"{xsb} {counts['ms_xsb', 'test']}",
        f"A better reason. {xsb['test']} {xsb['dev']}",
        whys[0][1],
    ]
