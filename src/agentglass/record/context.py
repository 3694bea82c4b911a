"""The one ambient value: which span is open here, and who records it."""

import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from agentglass.record.live import LiveSpan
    from agentglass.record.noop import NoopSpan
    from agentglass.record.recorder import Recorder
    from agentglass.redact import RedactionPolicy

__all__ = ["Context", "ExceptionType", "current_context", "leave"]

ExceptionType = type[BaseException] | None
"""The first argument of every `__exit__`."""

_logger = logging.getLogger("agentglass")


class Context(NamedTuple):
    """What a new span inherits; immutable, replaced as a whole."""

    span: "LiveSpan | NoopSpan | None"
    session_id: str | None
    recorder: "Recorder"
    policy: "RedactionPolicy | None"


current_context: ContextVar[Context | None] = ContextVar("agentglass", default=None)


def leave(token: Any) -> None:
    """Give the context back, where that is still possible.

    A generator that is closed from another context cannot: there the variable has its own value
    already, and nothing needs to be undone.
    """
    try:
        current_context.reset(token)
    except ValueError:
        _logger.debug("a span ended in another context than it started in")
