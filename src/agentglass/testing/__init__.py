"""Test doubles and conformance kits, shipped to users: clocks, ids, `capture()`, a fake LLM server."""

from agentglass.testing.capture import Capture, capture
from agentglass.testing.clocks import FakeClock, SequentialIds
from agentglass.testing.llm_server import Fault, LLMServer, Reply
from agentglass.testing.memory_sink import MemorySink
from agentglass.testing.store_kit import STORE_CHECKS, make_span

__all__ = [
    "STORE_CHECKS",
    "Capture",
    "FakeClock",
    "Fault",
    "LLMServer",
    "MemorySink",
    "Reply",
    "SequentialIds",
    "capture",
    "make_span",
]
