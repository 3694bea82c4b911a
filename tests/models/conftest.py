from collections.abc import AsyncIterator, Callable

import pytest

from agentglass.models import ChatProvider, ChatRequest, Message, ProviderSettings, open_provider
from agentglass.testing import LLMServer

KEY = "sk-test-abcdefghij0123456789"


@pytest.fixture
def ask() -> Callable[..., ChatRequest]:
    """Make a request with one user message."""

    def make(text: str = "Hello there", **fields: object) -> ChatRequest:
        return ChatRequest(**{"model": "m-1", "messages": (Message("user", text),), **fields})

    return make


@pytest.fixture
async def connect() -> AsyncIterator[Callable[..., ChatProvider]]:
    """Open `openai` providers against a server, and close them after the test."""
    opened: list[ChatProvider] = []

    def open_one(server: LLMServer, **settings: object) -> ChatProvider:
        known = {"api_base": server.base_url, "api_key": KEY, "timeout_s": 20.0, **settings}
        opened.append(open_provider("openai", ProviderSettings(**known)))
        return opened[-1]

    yield open_one
    for provider in opened:
        await provider.aclose()
