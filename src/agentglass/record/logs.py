"""The program's log and its record, tied together.

handler = logging.StreamHandler()
handler.addFilter(RunFilter())
handler.setFormatter(logging.Formatter("%(asctime)s %(run_id)s %(message)s"))
logging.basicConfig(handlers=[handler, SpanHandler()], level=logging.INFO)
"""

import logging
from contextvars import ContextVar

from agentglass.record.api import get_active_span
from agentglass.record.live import EndedSpan, LiveSpan

__all__ = ["DROPPED", "EVENT", "RunFilter", "SpanHandler"]

EVENT = "log"
"""The name of the event that a line becomes."""
DROPPED = "agentglass.log.dropped"
"""The attribute that counts the lines a span did not take any more."""

_OURS = "agentglass"
_is_handling: ContextVar[bool] = ContextVar("agentglass-log", default=False)


class RunFilter(logging.Filter):
    """Gives each log record `run_id`, `trace_id` and `span_id`; empty outside of a run.

    Add it to a handler: a filter of a logger does not see the lines of the loggers below it.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        span = get_active_span()
        record.run_id = span.run_id or ""
        record.trace_id = span.trace_id or ""
        record.span_id = span.span_id or ""
        return True


class SpanHandler(logging.Handler):
    """Keeps the lines of the log as events of the span that is active where they are written.

    Lines of agentglass itself are left out, and so is what is logged while a line is handled: by
    the `__str__` of a value in it, say. At level `metrics` the texts are left out.

    Args:
        level: The least severe lines to keep.
        max_events: A span that has this many events takes no more lines; it counts them.
    """

    def __init__(self, level: int | str = logging.NOTSET, *, max_events: int = 100) -> None:
        super().__init__(level)
        self._max_events = max_events

    def emit(self, record: logging.LogRecord) -> None:
        """Add the line to the active span."""
        span = get_active_span()
        if not isinstance(span, LiveSpan) or isinstance(span, EndedSpan):
            return
        if _is_handling.get() or record.name.partition(".")[0] == _OURS:
            return
        token = _is_handling.set(True)
        try:
            self._add(span, record)
        except Exception:  # noqa: BLE001 - user code: the `__str__` of a value in the line
            self.handleError(record)
        finally:
            _is_handling.reset(token)

    def _add(self, span: LiveSpan, record: logging.LogRecord) -> None:
        if len(span.events) >= self._max_events:
            span.set_attribute(DROPPED, span.attributes.get(DROPPED, 0) + 1)
            return
        line = {"log.level": record.levelname, "log.logger": record.name}
        if span.trace.level == "trace":
            line["log.message"] = record.getMessage()
            error = record.exc_info[1] if record.exc_info else None
            if error is not None:
                line["log.exception"] = f"{type(error).__name__}: {error}"
        span.add_event(EVENT, line)
