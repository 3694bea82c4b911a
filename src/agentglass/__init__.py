"""agentglass turns an AI agent from a black box into glass.

Run a workflow or bring an agent of your own; every step is recorded with its inputs, outputs, time,
tokens and cost, kept through any failure, and shown.
"""

from agentglass.errors import AgentglassError
from agentglass.record import (
    Recorder,
    add_event,
    configure,
    extract,
    flush,
    get_active_span,
    inject,
    propagate,
    session,
    span,
    trace,
    traced,
    traced_node,
)
from agentglass.redact import RedactionPolicy
from agentglass.spans import Span, SpanType, Status, Usage

__all__ = [
    "AgentglassError",
    "Recorder",
    "RedactionPolicy",
    "Span",
    "SpanType",
    "Status",
    "Usage",
    "add_event",
    "configure",
    "extract",
    "flush",
    "get_active_span",
    "inject",
    "propagate",
    "session",
    "span",
    "trace",
    "traced",
    "traced_node",
]
