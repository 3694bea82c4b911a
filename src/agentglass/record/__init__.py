"""Running code to spans: the recorder, its context, and the functions a program calls."""

from agentglass.record.api import get_active_span, span, trace
from agentglass.record.context import Context, current_context
from agentglass.record.control_flow import register_control_flow
from agentglass.record.decorate import traced
from agentglass.record.default import configure, current_recorder, flush, use_recorder
from agentglass.record.live import LiveSpan
from agentglass.record.node import traced_node
from agentglass.record.noop import NoopSpan
from agentglass.record.recorder import LEVELS, Receipt, Recorder, check_level

__all__ = [
    "LEVELS",
    "Context",
    "LiveSpan",
    "NoopSpan",
    "Receipt",
    "Recorder",
    "check_level",
    "configure",
    "current_context",
    "current_recorder",
    "flush",
    "get_active_span",
    "register_control_flow",
    "span",
    "trace",
    "traced",
    "traced_node",
    "use_recorder",
]
