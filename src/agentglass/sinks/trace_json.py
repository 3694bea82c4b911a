"""Traces as JSON for other systems: format `agentglass.traces`, version 1."""

import gzip
import io
import json
from collections.abc import Sequence
from typing import Any

from agentglass.spans import STATUS_TABLE, Span, Trace

__all__ = ["encode_traces", "span_json", "trace_json"]

_HEAD = '{"format":"agentglass.traces","version":1,"traces":['
_LEVEL = 5
"""Two thirds of the time of zlib's usual level, for three percent more bytes."""


def encode_traces(batch: Sequence[Trace]) -> bytes:
    """Return traces as gzip JSON; spans are read one by one, so that no trace is held whole."""
    raw = io.BytesIO()
    with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=_LEVEL, mtime=0) as packed:
        packed.write(_HEAD.encode())
        for number, trace in enumerate(batch):
            packed.write(b",{" if number else b"{")
            head = _dump(trace_json(trace))[1:-1]
            packed.write(f'{head},"spans":['.encode(errors="backslashreplace"))
            for place, span in enumerate(trace.iter_spans()):
                text = _dump(span_json(span))
                packed.write(f"{',' if place else ''}{text}".encode(errors="backslashreplace"))
            packed.write(b"]}")
        packed.write(b"]}")
    return raw.getvalue()


def trace_json(trace: Trace) -> dict[str, Any]:
    """Return what is known of a trace besides its spans."""
    run = trace.summary
    return {
        "trace_id": run.trace_id,
        "run_id": run.run_id,
        "name": run.name,
        "workflow": run.workflow,
        "status": str(run.status),
        "is_error": STATUS_TABLE[run.status].is_error,
        "start_ns": run.start_ns,
        "end_ns": run.end_ns,
        "level": run.level,
        "tags": dict(run.tags),
        "metadata": dict(run.metadata),
        "session_id": run.session_id,
        "user_id": run.user_id,
        "project": run.project,
        "environment": run.environment,
        "release": run.release,
        "expected_spans": run.expected_spans,
        "lost": [{"count": gap.count, "reason": gap.reason} for gap in trace.gaps],
    }


def span_json(span: Span) -> dict[str, Any]:
    """Return a span; what is unknown is null."""
    resource = span.resource
    return {
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "parent_id": span.parent_id,
        "name": span.name,
        "type": str(span.type),
        "status": str(span.status),
        "start_ns": span.start_ns,
        "end_ns": span.end_ns,
        "error": span.error.to_dict() if span.error else None,
        "input": span.input,
        "output": span.output,
        "usage": span.usage.to_dict() if span.usage else None,
        "cost": span.cost.to_dict() if span.cost else None,
        "attributes": span.attributes,
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
        "service": resource.service if resource else None,
        "resource": dict(resource.attributes) if resource else {},
    }


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
