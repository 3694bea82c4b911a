"""The recorder: starts spans, takes them back when they end, and says what was kept."""

import atexit
import math
import os
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from agentglass.errors import OptionError
from agentglass.record.children import is_worker
from agentglass.record.context import current_context
from agentglass.record.courier import address_of
from agentglass.record.live import LiveSpan
from agentglass.record.queue import SpanQueue
from agentglass.record.remote import disown
from agentglass.record.sender import Senders, SinkSpec, open_sinks
from agentglass.record.writer import Writer
from agentglass.redact import Limits, RedactionPolicy
from agentglass.spans import (
    AnchoredClock,
    Clock,
    IdSource,
    Level,
    Processor,
    RandomIds,
    Resource,
    SpanType,
    TraceState,
    TraceStore,
    run_id_from_trace_id,
)

__all__ = ["LEVELS", "Receipt", "Recorder", "check_level", "close_all"]

LEVELS: tuple[Level, ...] = ("off", "metrics", "trace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What `flush()` can vouch for."""

    accepted: int
    """Records handed to the writer since the process started: starts of roots and ends of spans."""
    durable: int
    """Records that are in the store."""
    delivered: Mapping[str, int] = field(default_factory=dict)
    """Ended spans that each sink has confirmed, by its name, since the process started."""
    pending: int
    """Records that are still on their way to the store."""
    dropped: int
    """Records that were given up; each left a gap record in its trace."""
    lag_ms: float
    """Age of the oldest record that is not durable yet."""
    store: str | None
    """Where the record is; None when it could not be kept."""


def check_level(value: str) -> Level:
    """Return a level.

    Raises:
        OptionError: It is none of `off`, `metrics`, `trace`.
    """
    for level in LEVELS:
        if value == level:
            return level
    raise OptionError(f"Unknown level {value!r}. Expected one of: {', '.join(LEVELS)}.")


class Recorder:
    """Records spans into one store. Most programs need only the default one.

    Args:
        store: Where spans are kept; None opens the default store of `home`.
        home: Directory of the default store; None means AGENTGLASS_HOME or `~/.agentglass`.
        level: What is recorded by default: `off`, `metrics` or `trace`.
        policy: What is redacted; None redacts secrets.
        limits: How much of a value is kept.
        processors: Further functions on a span, applied after redaction.
        resource: Where the spans come from; None describes this process.
        sinks: Where the record goes besides: sinks, their names, or pairs of name and options.
        project: Which project the traces belong to.
        environment: Where the program runs, as in `production`.
        release: Its version.
        clock: Source of times.
        ids: Source of ids.
        max_spans: Bound of the queue to the writer.
        max_bytes: The same in bytes of contents.
        queue_wait_ms: How long a caller waits when the queue is full before its span is dropped.
        exit_wait_s: How long the end of the process waits for the writer and the sinks.
        max_store_bytes: The oldest runs of the store are deleted while it holds more, those that a
            sink has yet to get last of all.

    Raises:
        OptionError: `level` or the name of a sink is unknown.
    """

    def __init__(
        self,
        *,
        store: TraceStore | None = None,
        home: str | Path | None = None,
        level: Level = "trace",
        policy: RedactionPolicy | None = None,
        limits: Limits | None = None,
        processors: tuple[Processor, ...] = (),
        resource: Resource | None = None,
        sinks: Sequence[SinkSpec] = (),
        project: str | None = None,
        environment: str | None = None,
        release: str | None = None,
        clock: Clock | None = None,
        ids: IdSource | None = None,
        max_spans: int = 100_000,
        max_bytes: int = 256 * 2**20,
        queue_wait_ms: int = 20,
        exit_wait_s: float = 2.0,
        max_store_bytes: int | None = None,
    ) -> None:
        self.level: Level = check_level(level)
        self.now_ns: Callable[[], int] = (clock or AnchoredClock()).now_ns
        self.ids: IdSource = ids or RandomIds()
        self.open_spans: dict[LiveSpan, None] = {}
        """Every span that was started and has not ended."""
        self.deployment = (project, environment, release)
        """What every trace says of where the program runs."""
        self.policy = policy or RedactionPolicy()
        self.limits = limits or Limits()
        self._exit_wait_s = exit_wait_s
        self._sinks = open_sinks(sinks)
        self._new_queue = partial(SpanQueue, max_spans, max_bytes, queue_wait_ms)
        self._new_writer = partial(
            Writer,
            store=store,
            home=home,
            policy=self.policy,
            limits=self.limits,
            processors=processors,
            resource=resource,
            now_ns=self.now_ns,
            sinks=[address_of(sink) for sink in self._sinks],
            max_store_bytes=max_store_bytes,
        )
        self._keeps_roots = is_worker()
        """Whether the end of a root waits until it is stored: nobody will close the recorder."""
        self._start_writer()
        _recorders.add(self)

    # -- starting and ending -------------------------------------------------------------------

    def start(
        self,
        name: str,
        type: str = SpanType.SPAN,
        parent: LiveSpan | None = None,
    ) -> LiveSpan:
        """Start a span below `parent`, or a trace of its own; the context is left alone."""
        if parent is None:
            return self.start_trace(name, type)
        trace = parent.trace
        trace.started()
        span_id = self.ids.span_id()
        above = None if parent.is_remote else parent
        span = LiveSpan(self, trace, above, parent.span_id, span_id, name, type)
        self.open_spans[span] = None
        return span

    def start_trace(
        self,
        name: str,
        type: str = SpanType.WORKFLOW,
        *,
        tags: Mapping[str, str] | None = None,
        session_id: str | None = None,
        user_id: str | None = None,
        level: Level | None = None,
        policy: RedactionPolicy | None = None,
        trace_id: str | None = None,
    ) -> LiveSpan:
        """Start the root of a new trace.

        A `trace_id` must be that of a run id, which is a UUID of version 4; None makes one.
        """
        trace_id = trace_id or self.ids.trace_id()
        trace = TraceState(
            trace_id,
            run_id_from_trace_id(trace_id),
            level=level or self.level,
            tags=tags,
            session_id=session_id,
            user_id=user_id,
            policy=policy,
        )
        trace.project, trace.environment, trace.release = self.deployment
        trace.started()
        span = LiveSpan(self, trace, None, None, self.ids.span_id(), name, type)
        self.open_spans[span] = None
        return span

    def announce(self, span: LiveSpan) -> None:
        """Have the start of a span stored at once, as it is now; done where a process begins."""
        self._queue.put(span)

    def give_away(self, span: LiveSpan) -> None:
        """Have a span stored as open that another process may end."""
        self.announce(span)
        self.open_spans.pop(span, None)

    def ended(self, span: LiveSpan) -> None:
        """Take a span that has ended."""
        self.open_spans.pop(span, None)
        self._queue.put(span)
        if span.parent is None:
            self._queue.hurry()
            if self._keeps_roots:
                self._writer.wait_until_stored(self._exit_wait_s)

    # -- keeping -------------------------------------------------------------------------------

    def flush(self, timeout_s: float | None = 10.0) -> Receipt:
        """Wait until everything recorded so far is stored and with the sinks, and say what was.

        A sink that does not answer is waited for no longer than two seconds of its outage.

        Args:
            timeout_s: How long to wait; None waits as long as it takes.
        """
        deadline = math.inf if timeout_s is None else time.monotonic() + timeout_s
        self._writer.wait_until_stored(timeout_s)
        if self._queue.accepted:
            self._senders.wait_until_sent(deadline)
        return self.receipt()

    def receipt(self) -> Receipt:
        """Say what is stored by now, without waiting."""
        queue, writer = self._queue, self._writer
        pending = max(0, queue.accepted - writer.stored - writer.given_up)
        return Receipt(
            accepted=queue.accepted,
            durable=writer.stored,
            delivered=self._senders.delivered(),
            pending=pending,
            dropped=queue.dropped + writer.given_up,
            lag_ms=writer.lag_ms() if pending else 0.0,
            store=writer.store_path,
        )

    @property
    def store(self) -> TraceStore:
        """The store, opened."""
        return self._writer.open_store()

    def close(self, timeout_s: float | None = None) -> Receipt:
        """Store and send what is left and stop; the store stays open for reading.

        What a sink has not got by then waits in the store for the next process, or for
        `agentglass push`.
        """
        timeout_s = self._exit_wait_s if timeout_s is None else timeout_s
        deadline = time.monotonic() + timeout_s
        receipt = self.flush(timeout_s)
        self._senders.stop(max(0.0, deadline - time.monotonic()))
        self._writer.stop(self._exit_wait_s)
        return receipt

    def _start_writer(self) -> None:
        self._queue = self._new_queue()
        self._senders = Senders(self._sinks, lambda: self._writer.open_store())
        notice = self._senders.notice if self._sinks else None
        self._writer = self._new_writer(self._queue, self.open_spans, on_stored=notice)

    def _after_fork(self) -> None:
        """Begin anew in a forked child: its parent's queue, thread and connection are not its own."""
        if isinstance(self.ids, RandomIds):
            self.ids.reseed()
        active = _active_span()
        also = [active] if active is not None and active.recorder is self else []
        disown([*self.open_spans, *also])
        self.open_spans.clear()
        self._keeps_roots = True
        self._start_writer()


_recorders: "weakref.WeakSet[Recorder]" = weakref.WeakSet()


@atexit.register
def close_all() -> None:
    """Close every recorder because the process ends."""
    for recorder in list(_recorders):
        recorder._keeps_roots = True
        recorder.close()


def _active_span() -> LiveSpan | None:
    context = current_context.get()
    return context.span if context is not None and isinstance(context.span, LiveSpan) else None


def _before_fork() -> None:
    """Have the active span stored: what the child records stands below it."""
    active = _active_span()
    if active is None or active.is_remote:
        return
    if active.end_ns is None and not active.stored:
        active.recorder.announce(active)


def _after_fork() -> None:
    for recorder in list(_recorders):
        recorder._after_fork()


os.register_at_fork(before=_before_fork, after_in_child=_after_fork)
