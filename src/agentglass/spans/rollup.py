"""Roll-up of one trace: which spans count, and what they add up to."""

from collections.abc import Iterable

from agentglass.spans import names
from agentglass.spans.duplicates import find_duplicates
from agentglass.spans.span import Span, SpanType
from agentglass.spans.status import STATUS_TABLE, Status
from agentglass.spans.trace import Totals
from agentglass.spans.usage import Usage

__all__ = ["counted_spans", "roll_up"]

_CALL_TYPES = frozenset({SpanType.LLM, SpanType.EMBEDDING, SpanType.RERANKER})
_ANSWERED = frozenset({Status.OK, Status.DEGRADED})


def counted_spans(spans: Iterable[Span]) -> list[Span]:
    """Return the spans whose usage and cost count towards the totals of their trace.

    On each path the deepest span with usage counts, never a parent and its child, and a call that
    is recorded twice counts once.
    """
    known = list(spans)
    by_id = {span.span_id: span for span in known}
    duplicates = find_duplicates(known)
    carrying = [span for span in known if _has_usage(span) and span.span_id not in duplicates]
    covered: set[str] = set()
    for span in carrying:
        parent_id = span.parent_id
        while parent_id is not None and parent_id not in covered:
            covered.add(parent_id)
            parent = by_id.get(parent_id)
            parent_id = parent.parent_id if parent else None
    return [span for span in carrying if span.span_id not in covered]


def roll_up(spans: Iterable[Span]) -> Totals:
    """Add up one trace."""
    known = list(spans)
    duplicates = find_duplicates(known)
    calls = [span for span in known if span.type in _CALL_TYPES and span.span_id not in duplicates]
    usage = Usage()
    cost = 0
    unpriced: set[str] = set()
    for span in counted_spans(known):
        if span.usage is not None:
            usage = usage + span.usage
        if span.cost is not None:
            cost += span.cost.pico_usd
        else:
            unpriced.add(_model(span))
    silent = [span for span in calls if span.status in _ANSWERED and span.usage is None]
    unpriced.update(_model(span) for span in silent if span.cost is None)
    return Totals(
        spans=len(known),
        errors=sum(STATUS_TABLE[span.status].is_error for span in known),
        llm_calls=sum(span.type == SpanType.LLM for span in calls),
        usage=usage,
        cost_pico_usd=cost,
        unpriced_models=tuple(sorted(unpriced)),
        calls_without_usage=len(silent),
    )


def _has_usage(span: Span) -> bool:
    return span.usage is not None or span.cost is not None


def _model(span: Span) -> str:
    return str(span.attributes.get(names.REQUEST_MODEL) or span.name)
