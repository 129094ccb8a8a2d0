"""`xsb-eval serve`: what is wrong is said in one line before anything slow; what is right serves."""

import re
import subprocess
import sys
import time

import httpx
import openai
import pytest

from eval.cli import app
from eval.errors import XsbError
from tests.conftest import free_port, wait_for
from tests.eval.serve.gateways import ANSWER, PROMPT, endpoint

COMMAND = [sys.executable, "-c", "from eval.cli import main; main()", "serve"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--mitigation", "steeer"], "unknown mitigation of the gateway 'steeer'. Did you mean steer?"),
        (["--mitigation", "guard+steer"], "unknown mitigation of the gateway"),
        (["--model", "openai:m", "--base-url", "http://x/v1", "--mitigation", "steer"], "steer needs open weights"),
        (["--model", "openai:m", "--base-url", "localhost:8000"], "--base-url is no address"),
        (["--model", "openai:", "--base-url", "http://x/v1"], "needs a model's name"),
        (["--model", "skittish", "--base-url", "http://x/v1"], "--base-url goes with --model openai:NAME"),
        (["--host", "999.1.1.1"], "cannot listen on 999.1.1.1"),
    ],
)
def test_mistakes_are_told_before_anything_slow(options: list[str], told: str) -> None:
    with pytest.raises(XsbError, match=re.escape(told)) as caught:
        app(["serve", *options], standalone_mode=False)
    assert len(str(caught.value).splitlines()) == 1


def test_a_gateway_from_the_command_line() -> None:
    """It serves, says what it did without words of the prompt, refuses a port that is taken, and ends when told."""
    with endpoint() as server:
        port = str(free_port())
        options = ["--model", "openai:small", "--base-url", server.url, "--mitigation", "ignore_word", "--port", port]
        process = subprocess.Popen([*COMMAND, *options], stderr=subprocess.PIPE, text=True)
        try:
            wait_for(f"http://127.0.0.1:{port}/health", process)
            with openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="sk-secret") as client:
                found = client.chat.completions.create(model="small", messages=[{"role": "user", "content": PROMPT}])
            with pytest.raises(XsbError, match="choose another --port"):
                app(["serve", *options], standalone_mode=False)
            metrics = httpx.get(f"http://127.0.0.1:{port}/metrics").text
            process.terminate()
            started = time.monotonic()
            log = process.communicate(timeout=20)[1]
        finally:
            process.kill()
            process.wait()
    assert found.choices[0].message.content == ANSWER
    assert 'xsb_requests_total{outcome="mitigated"} 1.0' in metrics
    assert time.monotonic() - started < 15
    assert f"openai:small with ignore_word behind the guard: http://127.0.0.1:{port}/v1" in log
    assert re.search(r"INFO mitigated; ignore_word \(1 trigger, \d+ extra requests", log)
    assert "kill" not in log and "sk-secret" not in log
