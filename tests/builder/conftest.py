"""A real endpoint for the steps that ask a language model: the base model in llama.cpp."""

from collections.abc import Iterator

import pytest

from tests.servers import llama


@pytest.fixture(scope="session")
def llama_url() -> Iterator[str]:
    with llama() as url:
        yield url
