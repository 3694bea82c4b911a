"""Spans as JSON facts, and what one of two forms knows that the other does not.

Steps and spans each hold things that the other has no field for. What is left over travels beside
it: facts of a span in the step's metadata, fields of a step in the span's attributes. Both are
differences to the natural form, so that nothing stands there twice, and nothing is lost.
"""

from collections.abc import Mapping
from typing import Any

from agentglass.spans import Cost, ErrorInfo, Event, Link, Span, Status, Usage
from agentglass.spans.names import RUN, STEP

__all__ = [
    "CARRIER",
    "EXPECTED",
    "NATIVE",
    "RUN",
    "STEP",
    "TRACE_CARRIER",
    "differences",
    "facts_of",
    "restored",
]

CARRIER = "agentglass.span"
"""The key of a step's metadata that holds the facts of its span that it has no field for."""
TRACE_CARRIER = "agentglass.trace"
"""The same of a run."""
NATIVE = "native"
"""Says among these that the run was recorded as spans, and never was steps before."""
EXPECTED = "expected_spans"
"""Says of such a run how many spans it had, as counted when its root ended."""

Facts = dict[str, Any]


def facts_of(span: Span) -> Facts:
    """Return a span as JSON, without its ids."""
    return {
        "type": str(span.type),
        "name": span.name,
        "start_ns": span.start_ns,
        "end_ns": span.end_ns,
        "status": str(span.status),
        "error": span.error.to_dict() if span.error else None,
        "input": span.input,
        "output": span.output,
        "usage": span.usage.to_dict() if span.usage else None,
        "cost": span.cost.to_dict() if span.cost else None,
        "attributes": {
            key: value
            for key, value in span.attributes.items()
            if key != STEP and not (key == RUN and span.is_root)
        },
        "events": [
            {"name": event.name, "time_ns": event.time_ns, "attributes": dict(event.attributes)}
            for event in span.events
        ],
        "links": [
            {
                "trace_id": link.trace_id,
                "span_id": link.span_id,
                "attributes": dict(link.attributes),
            }
            for link in span.links
        ],
    }


def differences(wanted: Mapping[str, Any], natural: Mapping[str, Any]) -> Facts:
    """Return what of `wanted` is not so, or not there, in `natural`."""
    return {
        name: value
        for name, value in wanted.items()
        if name not in natural or not _is_same(natural[name], value)
    }


def _is_same(first: Any, second: Any) -> bool:
    """Compare as JSON does: 1, 1.0 and True are three values, also within others."""
    if type(first) is not type(second):
        return False
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(
            _is_same(value, second[name]) for name, value in first.items()
        )
    if isinstance(first, list):
        return len(first) == len(second) and all(map(_is_same, first, second))
    return bool(first == second)


def restored(span: Span, facts: Mapping[str, Any]) -> Span:
    """Put facts into a span; those that are not valid are left out. Returns the same span."""
    for name, value in facts.items():
        read = _READERS.get(name)
        if read is not None:
            try:
                setattr(span, name, read(value))
            except (TypeError, ValueError, KeyError, AttributeError):
                continue
    return span


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _instant(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError
    return value


def _events(records: Any) -> list[Event]:
    return [
        Event(_text(each["name"]), _instant(each["time_ns"]), dict(each["attributes"]))
        for each in records
    ]


def _links(records: Any) -> list[Link]:
    return [
        Link(_text(each["trace_id"]), _text(each["span_id"]), dict(each["attributes"]))
        for each in records
    ]


_READERS = {
    "type": _text,
    "name": _text,
    "start_ns": _instant,
    "end_ns": lambda value: None if value is None else _instant(value),
    "status": Status,
    "error": lambda value: None if value is None else ErrorInfo.from_dict(value),
    "input": lambda value: value,
    "output": lambda value: value,
    "usage": lambda value: None if value is None else Usage.from_dict(value),
    "cost": lambda value: None if value is None else Cost.from_dict(value),
    "attributes": dict,
    "events": _events,
    "links": _links,
}
