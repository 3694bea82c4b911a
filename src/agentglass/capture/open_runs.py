"""The runs of a framework that are open: each is one span, whoever listens to it.

A framework names its runs and their parents. Two listeners that are told of the same run share its
span, so that no call is recorded twice.
"""

import threading
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from agentglass.capture.captured import Captured
from agentglass.record import LiveSpan, current_context, current_recorder
from agentglass.record.noop import NOOP
from agentglass.redact import RedactionPolicy

__all__ = ["Listener", "OpenRun", "OpenRuns"]


class Listener(Protocol):
    """Somebody who captures: an instrumentor, or a handler of one call."""

    @property
    def policy(self) -> RedactionPolicy:
        """What is hidden of its spans."""
        ...

    @property
    def captured(self) -> Captured:
        """The spans that it made."""
        ...


@dataclass(slots=True)
class OpenRun:
    """A run that has begun."""

    span: LiveSpan | None
    """None for one that is recorded by somebody else: its children belong to who is active."""
    is_root: bool = False
    listeners: list[Listener] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    """What its end must know of its beginning."""


class OpenRuns:
    """The open runs of one framework, by its own ids; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[Hashable, OpenRun] = {}
        self._spans: set[LiveSpan] = set()

    def __len__(self) -> int:
        return len(self._runs)

    def get(self, key: Hashable) -> OpenRun | None:
        """Return a run that is open."""
        return self._runs.get(key)

    def pass_by(self, key: Hashable) -> None:
        """Note a run that somebody else records."""
        with self._lock:
            self._runs.setdefault(key, OpenRun(None))

    def begin(
        self,
        key: Hashable,
        parent: Hashable | None,
        listener: Listener,
        *,
        name: str,
        type: str,
        input: Any = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> OpenRun | None:
        """Open the span of a run, or join the listeners of one that is open.

        Args:
            key: The framework's id of the run.
            parent: That of the run it is a part of.
            listener: Who was told.
            name: What a reader of the trace sees.
            type: One of `SpanType`.
            input: What the run is given.
            attributes: Named values.

        Returns:
            The run; None where nothing is recorded.
        """
        with self._lock:
            run = self._runs.get(key)
            if run is not None:
                self._join(run, listener)
                return run
            above = None if parent is None else self._runs.get(parent)
        span, is_root = self._open(above, name, type)
        if span is None:
            return None
        span.policy = listener.policy
        span.input = input
        span.set_attributes(attributes or {})
        run = OpenRun(span, is_root, [listener])
        listener.captured.add(span)
        if is_root:
            span.recorder.announce(span)
        # The one that is active while the run goes on, so that other records come below it.
        span.__enter__()
        with self._lock:
            self._runs[key] = run
            self._spans.add(span)
        return run

    def end(self, key: Hashable, error: BaseException | None = None) -> OpenRun | None:
        """Close the span of a run; for everybody after the first there is nothing left to do.

        The caller sets what it gave before, on the span of `get`.
        """
        with self._lock:
            run = self._runs.pop(key, None)
            if run is None or run.span is None:
                return None
            self._spans.discard(run.span)
        if error is not None:
            run.span.record_error(error)
        run.span.end()
        run.span.leave()
        if run.is_root:
            for listener in run.listeners:
                listener.captured.root_ended(run.span)
        return run

    @staticmethod
    def _join(run: OpenRun, listener: Listener) -> None:
        if run.span is not None and listener not in run.listeners:
            run.listeners.append(listener)
            own = run.span.policy
            run.span.policy = listener.policy if own is None else own | listener.policy
            listener.captured.add(run.span)

    def _open(self, above: OpenRun | None, name: str, type: str) -> tuple[LiveSpan | None, bool]:
        if above is not None and above.span is not None and above.span.end_ns is None:
            return above.span.recorder.start(name, type, self._nearest(above.span)), False
        context = current_context.get()
        active = None if context is None else context.span
        recorder = current_recorder() if context is None else context.recorder
        if active is NOOP or (active is None and recorder.level == "off"):
            return None, False
        if isinstance(active, LiveSpan) and active.end_ns is None:
            return recorder.start(name, type, active), False
        session_id = None if context is None else context.session_id
        return recorder.start_trace(name, type, session_id=session_id), True

    def _nearest(self, above: LiveSpan) -> LiveSpan:
        """Return the span that a part of a run belongs to: one of the program's own inside of it.

        The spans of other runs do not count, although one may be active: pieces of a stream go
        through all runs of a chain in turn.
        """
        context = current_context.get()
        active = None if context is None else context.span
        each = active
        while isinstance(each, LiveSpan) and each not in self._spans:
            each = each.parent
        is_inside = each is above and isinstance(active, LiveSpan) and active.end_ns is None
        return active if is_inside and isinstance(active, LiveSpan) else above
