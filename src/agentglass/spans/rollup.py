"""Roll-up of one trace: which spans count, and what they add up to."""

from collections.abc import Container, Iterable
from dataclasses import dataclass

from agentglass.spans import names
from agentglass.spans.duplicates import find_duplicates
from agentglass.spans.span import Span, SpanType
from agentglass.spans.status import STATUS_TABLE, Status
from agentglass.spans.trace import Totals
from agentglass.spans.usage import Usage

__all__ = ["CALL_TYPES", "Calls", "counted_spans", "find_calls", "roll_up"]

CALL_TYPES = frozenset({SpanType.LLM, SpanType.EMBEDDING, SpanType.RERANKER})
"""Spans that stand for a call of a model."""
_ANSWERED = frozenset({Status.OK, Status.DEGRADED})


@dataclass(frozen=True, slots=True)
class Calls:
    """The model calls of a trace, each of them once."""

    models: list[Span]
    """Spans of model calls."""
    counted: list[Span]
    """Spans whose usage and cost count; some may be agents that tell the usage of all their calls."""
    silent: list[Span]
    """Calls that were answered and tell no usage."""

    @property
    def billed(self) -> list[Span]:
        """Spans that cost something; where a cost is `None` it is unknown."""
        return [*self.counted, *(span for span in self.silent if span.cost is None)]


def find_calls(spans: Iterable[Span]) -> Calls:
    """Find the model calls of one trace."""
    known = list(spans)
    duplicates = find_duplicates(known)
    models = [span for span in known if span.type in CALL_TYPES and span.span_id not in duplicates]
    silent = [span for span in models if span.status in _ANSWERED and span.usage is None]
    return Calls(models, _deepest(known, duplicates), silent)


def counted_spans(spans: Iterable[Span]) -> list[Span]:
    """Return the spans whose usage and cost count towards the totals of their trace.

    On each path the deepest span with usage counts, never a parent and its child, and a call that
    is recorded twice counts once.
    """
    return find_calls(spans).counted


def _deepest(known: list[Span], duplicates: Container[str]) -> list[Span]:
    by_id = {span.span_id: span for span in known}
    carrying = [span for span in known if _has_usage(span) and span.span_id not in duplicates]
    covered: set[str] = set()
    for span in carrying:
        parent_id = span.parent_id
        while parent_id is not None and parent_id not in covered:
            covered.add(parent_id)
            parent = by_id.get(parent_id)
            parent_id = parent.parent_id if parent else None
    return [span for span in carrying if span.span_id not in covered]


def roll_up(spans: Iterable[Span], calls: Calls | None = None) -> Totals:
    """Add up one trace.

    Args:
        spans: All of them.
        calls: Its calls, where somebody has found them already.
    """
    known = list(spans)
    calls = calls or find_calls(known)
    usage = Usage()
    for span in calls.counted:
        if span.usage is not None:
            usage = usage + span.usage
    return Totals(
        spans=len(known),
        errors=sum(STATUS_TABLE[span.status].is_error for span in known),
        llm_calls=sum(span.type == SpanType.LLM for span in calls.models),
        usage=usage,
        cost_pico_usd=sum(span.cost.pico_usd for span in calls.billed if span.cost is not None),
        unpriced_models=tuple(sorted({_model(s) for s in calls.billed if s.cost is None})),
        calls_without_usage=len(calls.silent),
    )


def _has_usage(span: Span) -> bool:
    return span.usage is not None or span.cost is not None


def _model(span: Span) -> str:
    return str(span.attributes.get(names.REQUEST_MODEL) or span.name)
