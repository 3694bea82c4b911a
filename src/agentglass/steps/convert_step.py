"""One span to one step, and back. Nothing is lost on the way; see `facts`."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from agentglass.spans import Span, Status, is_span_id
from agentglass.steps.facts import CARRIER, STEP, differences, facts_of, restored
from agentglass.steps.forms import fields_of_span, parts_of_step, step_type_of
from agentglass.steps.steps import STEP_CLASSES, BaseStep, InterruptStep, OpaqueStep

__all__ = ["instant_of", "ns_of", "span_from_step", "step_from_span"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PARENT = "parent_id"
_OF_EVERY_STEP = ("step_id", "step_type", "timestamp", "duration_ms")
_ELSEWHERE = frozenset({"parent_step_id", "metadata"})


def instant_of(time_ns: int) -> datetime:
    """Return a time in UTC, to the microsecond below."""
    return _EPOCH + timedelta(microseconds=time_ns // 1000)


def ns_of(instant: datetime) -> int:
    """Return Unix nanoseconds."""
    return ((instant - _EPOCH) // timedelta(microseconds=1)) * 1000


def step_from_span(span: Span, parent_step_id: str | None, *, is_loose: bool = False) -> BaseStep:
    """Return the step that a span stands for.

    Args:
        span: Any but the root of its trace.
        parent_step_id: The step of its parent; None where the parent is the root.
        is_loose: Whether its parent is neither a step nor the root.
    """
    step = _bare_step(span)
    step.parent_step_id = parent_step_id
    rest = differences(facts_of(span), facts_of(_natural_span(step, span.start_ns)))
    if span.start_ns % 1000:
        rest["start_ns"] = span.start_ns
    if is_loose:
        rest[_PARENT] = span.parent_id
    if rest:
        step.metadata = {**(step.metadata or {}), CARRIER: rest}
    return step


def span_from_step(step: BaseStep, *, trace_id: str, span_id: str, parent_id: str | None) -> Span:
    """Return the span of a step.

    Args:
        step: Any step.
        trace_id: Of its trace.
        span_id: Its own.
        parent_id: The span of its parent, or the root.
    """
    metadata, facts = _facts(step)
    start_ns = facts.get("start_ns")
    span = restored(_natural_span(step, start_ns if type(start_ns) is int else None), facts)
    span.trace_id, span.span_id, span.parent_id = trace_id, span_id, parent_id
    if _PARENT in facts and (facts[_PARENT] is None or is_span_id(facts[_PARENT])):
        span.parent_id = facts[_PARENT]
    natural = _record(_step(_step_fields(span)))
    if isinstance(step, OpaqueStep):
        natural = {name: natural[name] for name in _OF_EVERY_STEP}
    carried = differences(_record(step), natural)
    if metadata is not None:
        carried["metadata"] = metadata
    if carried:
        span.attributes = {**span.attributes, STEP: carried}
    return span


def _bare_step(span: Span) -> BaseStep:
    natural = _step_fields(span)
    carried = span.attributes.get(STEP)
    if not isinstance(carried, dict):
        return _step(natural)
    fields = natural
    if str(carried.get("step_type", natural["step_type"])) not in STEP_CLASSES:
        fields = {name: natural[name] for name in _OF_EVERY_STEP}
    try:
        return _step({**fields, **carried})
    except ValidationError:
        # The attribute is a stranger's, or was cut.
        return _step(natural)


def _facts(step: BaseStep) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Return the metadata that is a user's, and the facts of a span that travel in it."""
    if step.metadata is None or not isinstance(step.metadata.get(CARRIER), dict):
        return step.metadata, {}
    others = {name: value for name, value in step.metadata.items() if name != CARRIER}
    return others or None, step.metadata[CARRIER]


def _record(step: BaseStep) -> dict[str, Any]:
    """Return every field, those that are None too."""
    written = step.model_dump(mode="python", exclude=set(_ELSEWHERE))
    fields = {name: None for name in type(step).model_fields if name not in _ELSEWHERE}
    record: dict[str, Any] = {**fields, **written}
    return {
        **record,
        "step_type": str(step.step_type),
        "timestamp": step.timestamp.isoformat(timespec="microseconds"),
    }


def _step_fields(span: Span) -> dict[str, Any]:
    return {
        "step_id": span.span_id,
        "step_type": str(step_type_of(span)),
        "timestamp": instant_of(span.start_ns),
        "duration_ms": None if span.duration_ns is None else max(0, span.duration_ns) / 1e6,
        **fields_of_span(span),
    }


def _step(fields: dict[str, Any]) -> BaseStep:
    return STEP_CLASSES.get(str(fields["step_type"]), OpaqueStep).model_validate(fields)


def _natural_span(step: BaseStep, start_ns: int | None) -> Span:
    """Return what a step says of its span by itself.

    Args:
        step: The step.
        start_ns: When exactly it began, where that is known better than to the microsecond.
    """
    if start_ns is None or instant_of(start_ns) != step.timestamp:
        start_ns = ns_of(step.timestamp)
    parts = {"status": Status.OK, **parts_of_step(step)}
    return Span(trace_id="", span_id="", start_ns=start_ns, end_ns=_end_ns(step, start_ns), **parts)


def _end_ns(step: BaseStep, start_ns: int) -> int | None:
    if step.duration_ms is not None:
        return start_ns + round(step.duration_ms * 1e6)
    if isinstance(step, InterruptStep):
        waited_ms = step.wait_duration_ms
        return None if step.response is None else start_ns + waited_ms * 1_000_000
    latency_ms = getattr(step, "latency_ms", None)
    return start_ns + (latency_ms or 0) * 1_000_000
