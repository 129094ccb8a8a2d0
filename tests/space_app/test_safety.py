"""The whole page as somebody meets it who is no visitor: routes, files, names, secrets, errors, and its end."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client

from space_app.gate import HEADERS
from tests.browser.candidates import ALL
from tests.browser.conftest import Space
from tests.builder.candidates import write
from tests.conftest import wait_for
from tests.test_promises import ROOT

APIS = ["/answer", "/attribute", "/check_record", "/mitigate", "/records", "/results"]
SECRET, TYPED = "hf_secretcanary", "typedcanary"
UPLOADS = 20_000  # bytes
PARTS = ("Traceback", "site-packages", str(ROOT), "/space_app/", "ValidationError")


class Whole(Space):
    """All tabs, with a secret in the environment; `told` is all that it has answered."""

    def __init__(self, folder: Path) -> None:
        candidates = write(folder / "candidates.jsonl", ALL)
        config = folder / "space.yaml"
        review = f"{{candidates: {candidates}, reviews: {folder / 'reviews'}}}"
        config.write_text(
            f"review: {review}\nresults: [{folder}]\nlimits: {{upload_bytes: {UPLOADS}, per_minute: 1000}}\n"
        )
        self.temporary, self.told = folder / "temporary", ""
        secrets = {"HF_TOKEN": SECRET, "OPENAI_API_KEY": SECRET, "GRADIO_TEMP_DIR": str(self.temporary)}
        super().__init__("--config", str(config), folder=folder, **secrets)

    def start(self) -> None:
        """As `Space` does it, with a log that is not read before the end: a pipe would be full by then."""
        self.log = self.temporary.with_name("log")
        command = [str(Path(sys.executable).parent / "xsb-space"), "--port", str(self.port), *self.arguments]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, text=True, cwd=self.folder, env={**os.environ, **self.environment}
            )
        wait_for(self.url, self.process)

    def ask(self, method: str, path: str, **what: Any) -> httpx.Response:
        answer = httpx.request(method, f"{self.url}{path}", timeout=120, **what)
        self.told += answer.text + str(answer.headers)
        return answer


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    space = Whole(tmp_path_factory.mktemp("whole"))
    yield space
    if space.process.poll() is None:
        space.stop()


@pytest.fixture(scope="module")
def config(space: Whole) -> dict[str, Any]:
    found: dict[str, Any] = space.ask("GET", "/config").json()
    return found


def test_every_answer_has_the_headers_and_strangers_pages_may_not_read_it(space: Whole) -> None:
    answer = space.ask("GET", "/", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 200 and {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "access-control-allow-origin" not in answer.headers
    assert "frame-ancestors 'self' https://huggingface.co" in HEADERS["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd", "../../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "space.yaml",
        "candidates.jsonl", "/proc/self/environ", str(ROOT / "space_app" / "page.py"), "http://127.0.0.1:1/x",
    ],
)  # fmt: skip
def test_no_file_of_the_machine_is_served(space: Whole, path: str) -> None:
    for route in ("/gradio_api/file=", "/gradio_api/file/", "/file=", "/static/", "/assets/", "/svelte/"):
        answer = space.ask("GET", f"{route}{path}")
        assert answer.status_code >= 400 and "root:" not in answer.text and "import" not in answer.text, route


def test_what_is_sent_is_bounded_and_no_route_of_gradio_s_keeps_it(space: Whole) -> None:
    page = {"files": ("../../../index.html", b"<script>alert(1)</script>")}
    assert space.ask("POST", "/gradio_api/upload", files=page).status_code == 404
    body = json.dumps({"data": ["x" * 1_000_000], "fn_index": 0, "session_hash": "s"})
    assert space.ask("POST", "/gradio_api/queue/join", content=body).status_code == 413
    assert space.ask("GET", "/gradio_api/deep_link?session_hash=s").status_code == 404
    kept = [path for path in space.temporary.rglob("*") if path.is_file()]
    assert kept == [], "nothing of a refused upload stays"


def test_the_public_api_is_what_is_documented(space: Whole) -> None:
    api = Client(space.url, verbose=False).view_api(return_format="dict", print_info=False)
    assert isinstance(api, dict)
    named = api["named_endpoints"]
    assert sorted(named) == APIS and not api["unnamed_endpoints"]
    for name, endpoint in named.items():
        assert endpoint["description"] and all(one["type"] for one in endpoint["parameters"]), name


def test_mcp_clients_are_offered_the_same(space: Whole) -> None:
    tools = space.ask("GET", "/gradio_api/mcp/schema").json()
    assert sorted(f"/{tool['name']}" for tool in tools) == APIS
    for tool in tools:
        about = tool["inputSchema"]["properties"]
        assert tool["description"] and all(one.get("description") for one in about.values()), tool


def test_handlers_of_the_page_cannot_be_called_by_name(space: Whole, config: dict[str, Any]) -> None:
    handlers = [one for one in config["dependencies"] if f"/{one['api_name']}" not in APIS]
    assert handlers and all(one["api_visibility"] == "private" for one in handlers)
    for name in {one["api_name"] for one in handlers if one["api_name"]}:
        for route in ("call", "run", "api", "call/v2"):
            assert space.ask("POST", f"/gradio_api/{route}/{name}", json={"data": []}).status_code >= 400, name


@pytest.mark.parametrize("value", [None, {"a": ["b"]}, ["a", 1], -1, True, TYPED, f"?tab=try&prompt={TYPED}&" * 50])
def test_nonsense_in_every_field_of_every_tab_gets_no_trace(
    space: Whole, config: dict[str, Any], value: object
) -> None:
    """Every handler, by its number, as a page could be made to ask; the answers name no place of this machine."""
    told = events(space, config, value)
    assert "process_completed" in told
    assert not [part for part in PARTS if part in told], told


def events(space: Whole, config: dict[str, Any], value: object) -> str:
    """What all handlers answer to a value in each of their fields; files are left out, which Gradio itself checks."""
    kinds = {part["id"]: part["type"] for part in config["components"]}
    session, wanted = f"s{time.monotonic_ns()}", 0
    for handler in config["dependencies"]:
        if handler["backend_fn"]:
            data = [None if kinds[field] in ("file", "uploadbutton") else value for field in handler["inputs"]]
            body = {"data": data, "fn_index": handler["id"], "session_hash": session}
            wanted += space.ask("POST", "/gradio_api/queue/join", json=body).status_code == 200
    told, ended = "", 0
    with httpx.stream("GET", f"{space.url}/gradio_api/queue/data?session_hash={session}", timeout=120) as stream:
        for line in stream.iter_lines():
            told += line
            ended += "process_completed" in line
            if ended == wanted:
                break
    space.told += told
    return told


def test_it_ends_when_it_is_told_to_and_nothing_secret_or_typed_was_told_or_logged(space: Whole) -> None:
    for path in ("/gradio_api/info", "/gradio_api/openapi.json", "/theme.css", "/nothing"):
        space.ask("GET", path)
    with httpx.stream("GET", f"{space.url}/gradio_api/heartbeat/x", timeout=120):  # a page is open
        space.stop()
    log = space.log.read_text(encoding="utf-8")
    assert space.process.returncode == 0
    assert SECRET not in space.told and SECRET not in log
    assert TYPED not in log, log
    assert not re.search(r"\btoken\b.*hf_", space.told)
    here = {path.name for path in space.temporary.parent.iterdir()}
    assert here - {"temporary"} == {"candidates.jsonl", "log", "space.yaml"}
