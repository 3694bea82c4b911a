"""agentglass turns an AI agent from a black box into glass.

Run a workflow or bring an agent of your own; every step is recorded with its inputs, outputs, time,
tokens and cost, kept through any failure, and shown.
"""

from typing import TYPE_CHECKING

from agentglass.errors import AgentglassError
from agentglass.plugins import lazy_names
from agentglass.record import (
    Recorder,
    add_event,
    configure,
    extract,
    flush,
    get_active_span,
    inject,
    last_trace,
    propagate,
    session,
    span,
    trace,
    traced,
    traced_node,
)
from agentglass.redact import RedactionPolicy
from agentglass.spans import Span, SpanType, Status, Usage

if TYPE_CHECKING:
    from agentglass.steps.run import TraceRun as TraceRun
    from agentglass.steps.tracer import Tracer as Tracer

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
    "last_trace",
    "propagate",
    "session",
    "span",
    "trace",
    "traced",
    "traced_node",
]

__getattr__ = lazy_names(
    __name__,
    {
        "TraceRun": "agentglass.steps.run:TraceRun",
        "Tracer": "agentglass.steps.tracer:Tracer",
    },
)
