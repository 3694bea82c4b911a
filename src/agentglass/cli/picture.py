"""A run as it is at this moment: what has ended from the store, what is open from the recorder."""

from collections.abc import Iterator
from contextlib import suppress

from agentglass.cli.stores import Stores
from agentglass.errors import StoreError
from agentglass.record import LiveSpan, Recorder
from agentglass.redact import Redactor
from agentglass.spans import Span, SpanType, Trace, TraceSummary, names, roll_up
from agentglass.store import SQLiteStore
from agentglass.store.follow import Follower

__all__ = ["RunPicture"]


class RunPicture:
    """Puts together what is known of a run that happens in this process.

    Only the store knows a span as it may be shown: redacted, and with its cost. It lags a moment
    behind, so what it does not have yet is shown without contents, as the recorder has it.

    Args:
        recorder: Records the run.
        workflow: Its name.
    """

    def __init__(self, recorder: Recorder, workflow: str) -> None:
        self._recorder = recorder
        self._workflow = workflow
        self._redactor = Redactor(recorder.policy, recorder.limits)
        self._stores = Stores()
        self._followers: dict[SQLiteStore, Follower] = {}
        self._root: LiveSpan | None = None
        self._live: dict[str, tuple[LiveSpan, Span]] = {}
        self._ended: dict[str, Span] = {}

    def look(self) -> list[Span]:
        """Look again; returns what has ended and come to the store since the last look."""
        started = list(self._recorder.open_spans)
        self._root = self._root or next(filter(self._is_root, started), None)
        if self._root is None:
            return []
        for live in started:
            if live.trace_id == self._root.trace_id:
                self._note(live)
        ended = list(self._read_ended(self._root.trace_id))
        for span in ended:
            span.input = span.output = None
            self._ended[span.span_id] = span
            self._live.pop(span.span_id, None)
        return ended

    def trace(self) -> Trace | None:
        """Return the run as it was at the last look; None before it has started."""
        if self._root is None:
            return None
        spans = [*self._ended.values(), *(_up_to_date(*each) for each in self._live.values())]
        return Trace(self._summary(self._root, spans), lambda: iter(spans))

    def now_ns(self) -> int:
        """Return the time by the clock of the spans."""
        return self._recorder.now_ns()

    def _is_root(self, span: LiveSpan) -> bool:
        is_ours = span.trace.tags.get(names.TAG_WORKFLOW) == self._workflow
        return is_ours and span.parent is None and span.type == SpanType.WORKFLOW

    def _note(self, live: LiveSpan | None) -> None:
        """Remember a span, and those above it: one that was short may be seen only from below."""
        while live is not None and not self._knows(live.span_id):
            self._live[live.span_id] = (live, self._redactor(_without_contents(live)))
            live = live.parent

    def _knows(self, span_id: str) -> bool:
        return span_id in self._live or span_id in self._ended

    def _read_ended(self, trace_id: str) -> Iterator[Span]:
        self._stores.look()
        for store in self._stores.readable:
            follower = self._followers.setdefault(store, store.follow())
            # What cannot be read now is read at the next look.
            with suppress(StoreError):
                yield from follower.ended(trace_id)[0]

    def _summary(self, root: LiveSpan, spans: list[Span]) -> TraceSummary:
        shown = next(span for span in spans if span.span_id == root.span_id)
        return TraceSummary(
            trace_id=root.trace_id,
            run_id=root.run_id,
            name=shown.name,
            status=shown.status,
            start_ns=shown.start_ns,
            end_ns=shown.end_ns,
            level=root.trace.level,
            tags=self._redactor.redact_tags(root.trace.tags, root.trace.policy),
            session_id=None,
            user_id=None,
            project=None,
            environment=None,
            release=None,
            metadata={},
            totals=roll_up(spans),
            expected_spans=None,
            process_id=None,
        )


def _without_contents(live: LiveSpan) -> Span:
    return Span(
        trace_id=live.trace_id,
        span_id=live.span_id,
        parent_id=live.parent_id,
        name=str(live.name),
        type=live.type,
        start_ns=live.start_ns,
        trace=live.trace,
    )


def _up_to_date(live: LiveSpan, shown: Span) -> Span:
    if live.end_ns is not None:
        shown.end_ns, shown.status = live.end_ns, live.status
    return shown
