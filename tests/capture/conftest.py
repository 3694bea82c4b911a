"""Real LangChain objects, against the local server that speaks OpenAI's protocol."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langchain_openai import ChatOpenAI

from agentglass.testing import LLMServer


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Start a server with these replies and make a chat model that asks it."""
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    servers = []

    def start(*replies: Any, **options: Any) -> ChatOpenAI:
        server = LLMServer(replies=replies)
        server.start()
        servers.append(server)
        settings = {"stream_usage": True, "max_retries": 0, **options}
        return ChatOpenAI(model="fake-1", base_url=server.base_url, **settings)

    yield start
    for server in servers:
        server.stop()
