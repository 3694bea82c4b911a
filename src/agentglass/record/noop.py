"""What stands for a span where nothing is recorded."""

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from agentglass.record.context import Context, ExceptionType, current_context, leave
from agentglass.spans import SpanType, Status

if TYPE_CHECKING:
    from agentglass.record.recorder import Recorder

__all__ = ["NOOP", "NoopSpan", "OffScope"]


class NoopSpan:
    """What stands for a span when nothing is recorded: takes everything, keeps nothing."""

    __slots__ = ()

    input: Any = None
    output: Any = None
    usage: Any = None
    cost: Any = None
    status: Any = None
    type: Any = SpanType.SPAN
    run_id: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    name: str = ""

    def __setattr__(self, name: str, value: Any) -> None:
        """Ignore the value."""

    def set_attribute(self, name: str, value: Any) -> None:
        """Ignore the value."""

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Ignore the values."""

    def add_event(self, name: str, attributes: Mapping[str, Any] | None = None) -> None:
        """Ignore the event."""

    def add_link(self, trace_id: str, span_id: str, **attributes: Any) -> None:
        """Ignore the link."""

    def record_error(self, error: BaseException) -> None:
        """Ignore the error."""

    def end(self, status: Status | None = None, *, end_ns: int | None = None) -> None:
        """Do nothing."""

    def leave(self) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: ExceptionType,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        return None


NOOP = NoopSpan()
"""The one that `get_active_span()` gives outside of any span."""


class OffScope(NoopSpan):
    """A run that is not recorded, and nothing below it either."""

    __slots__ = ("_recorder", "_token")

    _recorder: "Recorder"
    _token: Any

    def __init__(self, recorder: "Recorder") -> None:
        object.__setattr__(self, "_recorder", recorder)

    def __enter__(self) -> Self:
        token = current_context.set(Context(NOOP, None, self._recorder, None))
        object.__setattr__(self, "_token", token)
        return self

    def __exit__(
        self,
        exc_type: ExceptionType,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        leave(self._token)
