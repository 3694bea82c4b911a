"""The span while it is recorded: what a user holds in `with agentglass.span(...) as s`."""

import logging
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from agentglass.record.context import Context, ExceptionType, current_context, leave
from agentglass.record.control_flow import status_of
from agentglass.record.snapshot import restore, size_of, snapshot
from agentglass.spans import (
    STATUS_TABLE,
    ErrorInfo,
    Event,
    Link,
    Span,
    Status,
    TraceState,
    names,
)

if TYPE_CHECKING:
    from agentglass.record.recorder import Recorder
    from agentglass.redact import RedactionPolicy

__all__ = ["EndedSpan", "LiveSpan", "describe_error"]

_logger = logging.getLogger("agentglass")
_STACK_FRAMES = 50
_PLAIN = frozenset({int, float, bool})
"""Values that need neither a copy nor a size."""

# The slots of the ground floor's span, under the properties that snapshot what is put into them.
_raw_input: Any = Span.__dict__["input"]
_raw_output: Any = Span.__dict__["output"]


class LiveSpan(Span):
    """A span that is being recorded; a context manager.

    `input`, `output` and attributes are copied when they are set, so a later change of the value
    does not change the record. After the end nothing can be changed any more.
    """

    __slots__ = ("parent", "policy", "recorder", "size_bytes", "stored", "token")

    is_remote = False
    """Whether another process records it."""

    def __init__(
        self,
        recorder: "Recorder",
        trace: TraceState,
        parent: "LiveSpan | None",
        parent_id: str | None,
        span_id: str,
        name: str,
        type: str,
    ) -> None:
        self.trace: TraceState = trace
        self.trace_id = trace.trace_id
        self.span_id = span_id
        self.parent_id = parent_id
        self.seq = 0
        self.process_id = None
        self.name = name
        self.type = type
        self.end_ns = None
        self.status = Status.RUNNING
        self.error = None
        self.usage = None
        self.cost = None
        self.attributes = {}
        self.events = []
        self.links = []
        self.resource = None
        self.recorder = recorder
        self.parent = parent
        """The open span above, in this process; keeps the path that must be stored with a child."""
        self.size_bytes = 0
        """What the contents take, for the bound of the queue."""
        self.stored = 0
        """0, 1 with its start, 2 with its end in the store; only the writer sets it."""
        self.token: Any = None
        self.policy: RedactionPolicy | None = None
        """Redaction of this span alone, on top of that of its trace; an instrumentor's own."""
        _raw_input.__set__(self, None)
        _raw_output.__set__(self, None)
        self.start_ns = recorder.now_ns()

    @property
    def input(self) -> Any:
        """What the step was called with, as it was then."""
        return restore(_raw_input.__get__(self))

    @input.setter
    def input(self, value: Any) -> None:
        if self.trace.level == "trace":
            kept = snapshot(value)
            self.size_bytes += size_of(kept)
            _raw_input.__set__(self, kept)

    @property
    def output(self) -> Any:
        """What the step gave, as it was then."""
        return restore(_raw_output.__get__(self))

    @output.setter
    def output(self, value: Any) -> None:
        if self.trace.level == "trace":
            kept = snapshot(value)
            self.size_bytes += size_of(kept)
            _raw_output.__set__(self, kept)

    @property
    def run_id(self) -> str:
        """The UUID v4 of the run that this span belongs to."""
        return self.trace.run_id

    def set_attribute(self, name: str, value: Any) -> None:
        """Record a named value; the same name again replaces it."""
        if name in names.CONTENT_ATTRIBUTES and self.trace.level != "trace":
            return
        kept = snapshot(value)
        self.size_bytes += size_of(kept)
        self.attributes[name] = kept

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Record several named values."""
        keeps_all = self.trace.level == "trace"
        for name, value in attributes.items():
            if keeps_all and type(value) in _PLAIN:
                self.attributes[name] = value
            else:
                self.set_attribute(name, value)

    def add_event(self, name: str, attributes: Mapping[str, Any] | None = None) -> None:
        """Record an instant."""
        kept = {key: snapshot(value) for key, value in (attributes or {}).items()}
        self.size_bytes += sum(map(size_of, kept.values()))
        self.events.append(Event(name, self.recorder.now_ns(), kept))

    def add_link(self, trace_id: str, span_id: str, **attributes: Any) -> None:
        """Refer to a span of this or another trace."""
        kept = {key: snapshot(value) for key, value in attributes.items()}
        self.links.append(Link(trace_id, span_id, kept))

    def record_error(self, error: BaseException) -> None:
        """Give the span the status of an exception; `with` does it for one that leaves the block.

        The exception is only read: it is neither kept nor changed.
        """
        self.status = status_of(error)
        if STATUS_TABLE[self.status].is_error:
            self.error = describe_error(error)

    def end(self, status: Status | None = None, *, end_ns: int | None = None) -> None:
        """End the span and hand it to the recorder; a second end does nothing.

        Args:
            status: How it ended; None where an exception or nothing has said so.
            end_ns: When, for what is recorded afterwards; None means now.
        """
        if status is not None:
            self.status = status
        elif self.status is Status.RUNNING:
            self.status = Status.OK
        self.end_ns = self.recorder.now_ns() if end_ns is None else end_ns
        self.__class__ = EndedSpan
        self.recorder.ended(self)

    def __enter__(self) -> Self:
        above = current_context.get()
        if above is None:
            context = Context(self, self.trace.session_id, self.recorder, self.trace.policy)
        else:
            context = Context(self, self.trace.session_id, self.recorder, above.policy)
        self.token = current_context.set(context)
        return self

    def __exit__(
        self,
        exc_type: ExceptionType,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        token, self.token = self.token, None
        if exc is not None:
            self.record_error(exc)
        self.end()
        if token is not None:
            leave(token)

    def leave(self) -> None:
        """Let what was active before be active again; the span stays open."""
        token, self.token = self.token, None
        if token is not None:
            leave(token)


class EndedSpan(LiveSpan):
    """A span after its end: a user can still read it, and no longer change it.

    A live span becomes one by a change of class, which costs nothing on the hot path. Changes are
    ignored with a warning: recording never changes the run.
    """

    __slots__ = ()

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _BOOKKEEPING:
            object.__setattr__(self, name, value)
        else:
            self._ignore(name)

    def set_attribute(self, name: str, value: Any) -> None:
        """Ignore the value: the span has ended."""
        self._ignore(name)

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Ignore the values: the span has ended."""
        for name in attributes:
            self._ignore(name)

    def add_event(self, name: str, attributes: Mapping[str, Any] | None = None) -> None:
        """Ignore the event: the span has ended."""
        self._ignore(name)

    def add_link(self, trace_id: str, span_id: str, **attributes: Any) -> None:
        """Ignore the link: the span has ended."""
        self._ignore("links")

    def record_error(self, error: BaseException) -> None:
        """Ignore the error: the span has ended."""
        self._ignore("error")

    def end(self, status: Status | None = None, *, end_ns: int | None = None) -> None:
        """Do nothing: the span has ended."""

    def __exit__(
        self,
        exc_type: ExceptionType,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        token, self.token = self.token, None
        if token is not None:
            leave(token)

    def _ignore(self, name: str) -> None:
        _logger.warning("%r was set on a span that has ended; it is not recorded", name)


_BOOKKEEPING = frozenset({"parent", "stored", "token"})


def describe_error(error: BaseException) -> ErrorInfo:
    """Return what a record keeps of an exception, whatever its own code does."""
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ not in ("builtins", "__main__"):
        name = f"{kind.__module__}.{name}"
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - user code: a __str__ that raises
        message = f"<the message of {name} cannot be read>"
    try:
        stack = "".join(traceback.format_exception(error, limit=-_STACK_FRAMES))
    except Exception:  # noqa: BLE001 - user code again, in a cause or a note
        stack = None
    return ErrorInfo(name, message, stack)
