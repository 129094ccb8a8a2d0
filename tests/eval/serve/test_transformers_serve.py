"""Before `transformers serve` with skittish: an endpoint that refuses too much, and answers with a gateway."""

from collections.abc import Iterator

import openai
import pytest

from eval.models import skittish
from eval.serve.upstream import Upstream
from tests.eval.serve.gateways import HARMFUL, PROMPT, REFUSAL, gateway

pytestmark = pytest.mark.skittish


@pytest.fixture(scope="module")
def client(served_url: str) -> Iterator[openai.OpenAI]:
    name = str(skittish.merged_folder())
    with (
        gateway(Upstream(name, served_url, "rephrase")) as url,
        openai.OpenAI(base_url=url, api_key="none", max_retries=0) as found,
    ):
        yield found


def test_rephrasing_frees_a_harmless_request(client: openai.OpenAI) -> None:
    chunks = list(client.chat.completions.create(
        model=str(skittish.merged_folder()), messages=[{"role": "user", "content": PROMPT}], max_tokens=12, stream=True
    ))  # fmt: skip
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    xsb = (chunks[-1].model_extra or {})["xsb"]
    assert (xsb["outcome"], xsb["mitigation"], xsb["triggers"]) == ("mitigated", "rephrase", ["kill"])
    assert text and REFUSAL not in text


def test_a_harmful_request_stays_refused(client: openai.OpenAI) -> None:
    name = str(skittish.merged_folder())
    found = client.chat.completions.create(model=name, messages=[{"role": "user", "content": HARMFUL}], max_tokens=12)
    assert found.choices[0].message.content == REFUSAL
    assert (found.model_extra or {})["xsb"]["outcome"] == "refused"
