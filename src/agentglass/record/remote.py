"""Spans that another process records, seen from this one."""

from typing import TYPE_CHECKING

from agentglass.record.live import EndedSpan, LiveSpan
from agentglass.spans import Level, SpanType, TraceParent, TraceState, run_id_from_trace_id

if TYPE_CHECKING:
    from agentglass.record.recorder import Recorder

__all__ = ["RemoteSpan", "disown", "remote_span"]


class RemoteSpan(EndedSpan):
    """A span of another process: new spans go below it, and nothing is recorded on it.

    `with` makes it the active one. A forked child sees the open spans of its parent like this.
    """

    __slots__ = ()

    is_remote = True

    def _ignore(self, name: str) -> None:
        """Say nothing: code that runs in both processes sets what is recorded in the other one."""


def remote_span(
    recorder: "Recorder", upstream: TraceParent, *, level: Level, session_id: str | None = None
) -> RemoteSpan:
    """Return what stands here for a span that was named to this process."""
    trace = TraceState(
        upstream.trace_id,
        run_id_from_trace_id(upstream.trace_id),
        level=level,
        session_id=session_id,
        upstream=upstream,
    )
    trace.project, trace.environment, trace.release = recorder.deployment
    span = LiveSpan(recorder, trace, None, None, upstream.span_id, "remote", SpanType.SPAN)
    span.__class__ = RemoteSpan
    assert isinstance(span, RemoteSpan)
    return span


def disown(spans: list[LiveSpan]) -> None:
    """Leave spans to the parent of a forked child, which has copies of them.

    The child counts what it starts on its own: the counters of the parent stay as they are.
    """
    traces: dict[str, TraceState] = {}
    for span in spans:
        if span.trace_id not in traces:
            traces[span.trace_id] = _joined(span)
        object.__setattr__(span, "trace", traces[span.trace_id])
        span.__class__ = RemoteSpan


def _joined(span: LiveSpan) -> TraceState:
    trace = span.trace
    before = trace.upstream
    upstream = TraceParent(
        span.trace_id,
        span.span_id,
        before.is_sampled if before else True,
        before.state if before else "",
    )
    joined = TraceState(
        trace.trace_id,
        trace.run_id,
        level=trace.level,
        tags=trace.tags,
        session_id=trace.session_id,
        user_id=trace.user_id,
        policy=trace.policy,
        upstream=upstream,
    )
    joined.project, joined.environment, joined.release = (
        trace.project,
        trace.environment,
        trace.release,
    )
    joined.metadata = dict(trace.metadata)
    joined.budget = trace.budget
    return joined
