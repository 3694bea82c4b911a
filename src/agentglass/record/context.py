"""The one ambient value: which span is open here, and who records it."""

from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from agentglass.record.live import LiveSpan, NoopSpan
    from agentglass.record.recorder import Recorder
    from agentglass.redact import RedactionPolicy

__all__ = ["Context", "current_context"]


class Context(NamedTuple):
    """What a new span inherits; immutable, replaced as a whole."""

    span: "LiveSpan | NoopSpan | None"
    session_id: str | None
    recorder: "Recorder"
    policy: "RedactionPolicy | None"


current_context: ContextVar[Context | None] = ContextVar("agentglass", default=None)
