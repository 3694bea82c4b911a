"""Running code to spans: the recorder, its context, and the functions a program calls."""

from agentglass.record.api import add_event, get_active_span, span, trace
from agentglass.record.context import Context, current_context
from agentglass.record.control_flow import register_control_flow
from agentglass.record.decorate import traced
from agentglass.record.default import (
    configure,
    current_recorder,
    flush,
    last_trace,
    use_recorder,
)
from agentglass.record.experiment import start_experiment_run, trace_with_uri
from agentglass.record.live import LiveSpan
from agentglass.record.node import traced_node
from agentglass.record.noop import NoopSpan
from agentglass.record.propagation import extract, inject, propagate
from agentglass.record.recorder import LEVELS, Receipt, Recorder, check_level
from agentglass.record.resume import answer_interrupt, open_interrupt, resume_trace
from agentglass.record.session import get_session_id, session
from agentglass.record.stream import keep_open

__all__ = [
    "LEVELS",
    "Context",
    "LiveSpan",
    "NoopSpan",
    "Receipt",
    "Recorder",
    "add_event",
    "answer_interrupt",
    "check_level",
    "configure",
    "current_context",
    "current_recorder",
    "extract",
    "flush",
    "get_active_span",
    "get_session_id",
    "inject",
    "keep_open",
    "last_trace",
    "open_interrupt",
    "propagate",
    "register_control_flow",
    "resume_trace",
    "session",
    "span",
    "start_experiment_run",
    "trace",
    "trace_with_uri",
    "traced",
    "traced_node",
    "use_recorder",
]
