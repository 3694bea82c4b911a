"""One trace out of parts: a run that was recorded in two stores, because one failed on the way."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from agentglass.spans.rollup import roll_up
from agentglass.spans.span import Span
from agentglass.spans.trace import Trace, TraceSummary

__all__ = ["join_traces"]


def join_traces(parts: Sequence[Trace]) -> Trace:
    """Make one trace of its parts in several stores.

    A store that was left holds its last spans as open, or as those of a dead process; what another
    part says of them wins.

    Args:
        parts: At least one, in the order in which the stores were used.
    """
    if len(parts) == 1:
        return parts[0]
    spans = _join_spans(span for part in parts for span in part.spans)
    gaps = tuple(gap for part in parts for gap in part.gaps)
    return Trace(_join_summaries(parts, spans), lambda: iter(spans), gaps)


def _join_spans(spans: Iterable[Span]) -> list[Span]:
    best: dict[str, Span] = {}
    for span in spans:
        known = best.get(span.span_id)
        if known is None or _knows(span) >= _knows(known):
            best[span.span_id] = span
    return sorted(best.values(), key=lambda span: (span.start_ns, span.seq))


def _knows(span: Span) -> int:
    """Say how much a record knows: what was assumed of the dead is less than what was seen."""
    if span.end_ns is None:
        return 1
    return 0 if span.error is not None and span.error.type == "ProcessDied" else 2


def _join_summaries(parts: Sequence[Trace], spans: list[Span]) -> TraceSummary:
    root = next((span for span in spans if span.is_root), None)
    counts = [p.summary.expected_spans for p in parts if p.summary.expected_spans is not None]
    rooted = [part for part in parts if any(span.is_root for span in part.spans)]
    summary = replace(
        (rooted or parts)[-1].summary,
        start_ns=min(part.summary.start_ns for part in parts),
        totals=roll_up(spans),
        expected_spans=max(counts, default=None),
    )
    if root is None:
        return summary
    return replace(
        summary,
        name=root.name,
        status=root.status,
        end_ns=root.end_ns,
        process_id=root.process_id,
    )
