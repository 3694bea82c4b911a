"""Spans and traces to rows, and back."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from agentglass.spans import (
    Cost,
    ErrorInfo,
    Event,
    Link,
    Resource,
    Span,
    Status,
    Totals,
    TraceSummary,
    Usage,
    names,
)

__all__ = ["SPAN_COLUMNS", "decode_json", "encode_json", "span_from_row", "span_to_row", "summary"]

SPAN_COLUMNS = (
    "trace_id",
    "span_id",
    "parent_id",
    "seq",
    "process_id",
    "resource_id",
    "name",
    "type",
    "status",
    "start_ns",
    "end_ns",
    "node_id",
    "provider",
    "model",
    "error_type",
    "error_message",
    "error_stack",
    "input_tokens",
    "output_tokens",
    "usage",
    "cost_pico",
    "cost",
    "attributes",
    "events",
    "links",
    "input",
    "output",
)
"""What is written for a span, in this order; the contents last."""

_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def encode_json(value: Any) -> str | None:
    """Return compact JSON; None for None, so that an absent value takes no room.

    Raises:
        ValueError: The value was not normalised: NaN, or a circle.
        TypeError: The same: not a JSON type.
    """
    return None if value is None else _encoder.encode(value)


def decode_json(text: str | None) -> Any:
    """Return what `encode_json` was given."""
    return None if text is None else json.loads(text)


def span_to_row(
    span: Span, seq: int, process_id: str | None, resource_id: int | None
) -> tuple[Any, ...]:
    """Return the values of `SPAN_COLUMNS`."""
    attributes, error, usage, cost = span.attributes, span.error, span.usage, span.cost
    return (
        span.trace_id,
        span.span_id,
        span.parent_id,
        seq,
        span.process_id or process_id,
        resource_id,
        span.name,
        str(span.type),
        str(span.status),
        span.start_ns,
        span.end_ns,
        _text(attributes.get(names.NODE_ID)),
        _text(attributes.get(names.PROVIDER)),
        _text(attributes.get(names.RESPONSE_MODEL) or attributes.get(names.REQUEST_MODEL)),
        error.type if error else None,
        error.message if error else None,
        error.stacktrace if error else None,
        usage.input_tokens if usage else None,
        usage.output_tokens if usage else None,
        encode_json(usage.to_dict()) if usage else None,
        cost.pico_usd if cost else None,
        encode_json(cost.to_dict()) if cost else None,
        encode_json(attributes) if attributes else None,
        encode_json([[e.name, e.time_ns, dict(e.attributes)] for e in span.events])
        if span.events
        else None,
        encode_json([[li.trace_id, li.span_id, dict(li.attributes)] for li in span.links])
        if span.links
        else None,
        encode_json(span.input),
        encode_json(span.output),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def span_from_row(row: sqlite3.Row, resources: Mapping[int, Resource]) -> Span:
    """Return the span of a row that holds all columns."""
    error_type = row["error_type"]
    usage, cost = decode_json(row["usage"]), decode_json(row["cost"])
    return Span(
        trace_id=row["trace_id"],
        span_id=row["span_id"],
        parent_id=row["parent_id"],
        name=row["name"],
        type=row["type"],
        start_ns=row["start_ns"],
        end_ns=row["end_ns"],
        status=Status(row["status"]),
        error=ErrorInfo(error_type, row["error_message"] or "", row["error_stack"])
        if error_type
        else None,
        input=decode_json(row["input"]),
        output=decode_json(row["output"]),
        usage=Usage.from_dict(usage) if usage is not None else None,
        cost=Cost.from_dict(cost) if cost is not None else None,
        attributes=decode_json(row["attributes"]) or {},
        events=[Event(*event) for event in decode_json(row["events"]) or ()],
        links=[Link(*link) for link in decode_json(row["links"]) or ()],
        resource=resources.get(row["resource_id"]),
        seq=row["seq"],
        process_id=row["process_id"],
    )


def totals_from_row(row: sqlite3.Row) -> Totals:
    """Return the roll-up of a row of `traces`."""
    return Totals(
        spans=row["span_count"],
        errors=row["error_count"],
        llm_calls=row["llm_calls"],
        usage=Usage.from_dict(decode_json(row["usage"]) or {}),
        cost_pico_usd=row["cost_pico"],
        unpriced_models=tuple(decode_json(row["unpriced"]) or ()),
        calls_without_usage=row["calls_without_usage"],
    )


def add_totals(parts: Iterable[Totals]) -> Totals:
    """Add up several traces."""
    spans = errors = llm_calls = without = pico = 0
    usage = Usage()
    unpriced: set[str] = set()
    for part in parts:
        spans += part.spans
        errors += part.errors
        llm_calls += part.llm_calls
        without += part.calls_without_usage
        pico += part.cost_pico_usd
        usage = usage + part.usage
        unpriced.update(part.unpriced_models)
    return Totals(
        spans=spans,
        errors=errors,
        llm_calls=llm_calls,
        usage=usage,
        cost_pico_usd=pico,
        unpriced_models=tuple(sorted(unpriced)),
        calls_without_usage=without,
    )


def summary(row: sqlite3.Row) -> TraceSummary:
    """Return the summary of a row of `traces`."""
    return TraceSummary(
        trace_id=row["trace_id"],
        run_id=row["run_id"],
        name=row["name"],
        status=Status(row["status"]),
        start_ns=row["start_ns"],
        end_ns=row["end_ns"],
        level=row["level"],
        tags=decode_json(row["tags"]),
        session_id=row["session_id"],
        user_id=row["user_id"],
        project=row["project"],
        environment=row["environment"],
        release=row["release"],
        metadata=decode_json(row["metadata"]),
        totals=totals_from_row(row),
        expected_spans=row["expected_spans"],
        process_id=row["process_id"],
    )
