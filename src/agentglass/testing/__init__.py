"""Test doubles and conformance kits, shipped to users: clocks, ids, `capture()`, local servers."""

from agentglass.testing.capture import Capture, capture
from agentglass.testing.clocks import FakeClock, SequentialIds
from agentglass.testing.hostile_server import Blow, HostileServer
from agentglass.testing.llm_server import Fault, LLMServer, Reply
from agentglass.testing.memory_sink import MemorySink
from agentglass.testing.sink_kit import SINK_CHECKS, make_traces
from agentglass.testing.store_kit import STORE_CHECKS, make_span

__all__ = [
    "SINK_CHECKS",
    "STORE_CHECKS",
    "Blow",
    "Capture",
    "FakeClock",
    "Fault",
    "HostileServer",
    "LLMServer",
    "MemorySink",
    "Reply",
    "SequentialIds",
    "capture",
    "make_span",
    "make_traces",
]
