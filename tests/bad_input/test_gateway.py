"""A real gateway before a real, tiny model: no bad request gets a 500, and it goes on answering."""

import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from eval.serve.app import make_app
from eval.serve.gateway import Gateway
from eval.serve.metrics import Metrics
from eval.serve.upstream import Upstream
from tests.bad_input.on_gateway import BODIES, CHAT, HELLO, PATHS, RAW, ROUTES, Asked
from tests.conftest import free_port, wait_for

SECRET = "sk-canary-of-a-client"


class Gate:
    """A gateway's process and its log."""

    def __init__(self, model: Path, folder: Path) -> None:
        port, self.log = free_port(), folder / "log"
        self.url = f"http://127.0.0.1:{port}"
        script = Path(sys.executable).parent / "xsb-eval"
        command = [str(script), "serve", "--model", str(model), "--mitigation", "rephrase", "--port", str(port)]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, text=True, env=os.environ)
        wait_for(f"{self.url}/health", self.process, 300)
        self.model = httpx.get(f"{self.url}/v1/models").json()["data"][0]["id"]


@pytest.fixture(scope="module")
def gate(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    running = Gate(tiny_folder, tmp_path_factory.mktemp("gate"))
    yield running
    running.process.terminate()
    assert running.process.wait(60) in (0, -signal.SIGTERM)
    log = running.log.read_text(encoding="utf-8")
    assert "Traceback" not in log and SECRET not in log, log


@pytest.mark.parametrize("asked", [*BODIES, *PATHS], ids=lambda asked: ascii(f"{asked.path} {asked.content[:70]!r}"))
def test_an_error_in_openai_s_form_and_no_500(gate: Gate, asked: Asked) -> None:
    content = asked.content.replace(b'"tiny"', json.dumps(gate.model).encode())
    headers = {"authorization": f"Bearer {SECRET}", "content-type": "application/json"}
    answer = httpx.request(asked.method, f"{gate.url}{asked.path}", content=content, headers=headers, timeout=120)
    assert answer.status_code == asked.status, answer.text
    error = answer.json()["error"]
    assert asked.says in json.dumps(error) and len(error["message"]) < 600 and "\n" not in error["message"], error
    assert SECRET not in answer.text + str(answer.headers)


@pytest.mark.parametrize("raw", RAW, ids=lambda raw: ascii(raw[:60]))
def test_what_is_no_http_is_refused_and_the_next_one_is_answered(gate: Gate, raw: bytes) -> None:
    host, port = gate.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as client:
        told = b""
        try:
            client.sendall(raw)
            client.shutdown(socket.SHUT_WR)
            while piece := client.recv(65536):
                told += piece
        except OSError as error:  # it was not read to its end
            assert error.errno in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN), error
    assert not told or re.match(rb"HTTP/1\.1 [24]\d\d ", told), told
    assert httpx.get(f"{gate.url}/health", timeout=60).status_code == 200


def test_a_good_request_is_still_answered(gate: Gate) -> None:
    body = {"model": gate.model, "messages": HELLO, "max_tokens": 1}
    assert httpx.post(f"{gate.url}{CHAT}", json=body, timeout=120).status_code == 200


def test_every_route_has_bad_requests() -> None:
    source = Upstream("small", "http://127.0.0.1:9/v1", "rephrase")
    routes = {getattr(route, "path", "") for route in make_app(Gateway(source, 1, Metrics())).routes}
    assert routes == ROUTES == {asked.route for asked in [*BODIES, *PATHS] if asked.route in ROUTES}
