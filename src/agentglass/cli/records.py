"""Runs and spans as JSON, for `--json`."""

from datetime import UTC, datetime
from typing import Any

from agentglass.spans import STATUS_TABLE, Span, Totals, Trace, TraceSummary

__all__ = ["run_record", "span_record", "trace_record"]


def run_record(run: TraceSummary) -> dict[str, Any]:
    """Return one run: what `agentglass runs --json` lists."""
    return {
        "run_id": run.run_id,
        "trace_id": run.trace_id,
        "workflow": run.workflow,
        "name": run.name,
        "status": str(run.status),
        "is_error": STATUS_TABLE[run.status].is_error,
        "start_time": _iso(run.start_ns),
        "end_time": None if run.end_ns is None else _iso(run.end_ns),
        "duration_ms": _ms(run.duration_ns),
        "level": run.level,
        "tags": dict(run.tags),
        "session_id": run.session_id,
        "user_id": run.user_id,
        **_totals(run.totals),
    }


def trace_record(trace: Trace) -> dict[str, Any]:
    """Return one run with all its spans: what `agentglass show --json` prints."""
    completeness = trace.completeness
    return {
        "run": run_record(trace.summary),
        "spans": [span_record(span) for span in trace.spans],
        "complete": completeness.is_complete,
        "incomplete_because": list(completeness.reasons),
    }


def _totals(totals: Totals) -> dict[str, Any]:
    cost = totals.cost_usd
    return {
        "spans": totals.spans,
        "errors": totals.errors,
        "llm_calls": totals.llm_calls,
        "input_tokens": totals.usage.input_tokens,
        "output_tokens": totals.usage.output_tokens,
        "cost_usd": None if cost is None else float(cost),
        "partial_cost_usd": float(totals.known_cost_usd),
        "unpriced_models": list(totals.unpriced_models),
    }


def span_record(span: Span) -> dict[str, Any]:
    """Return one span: what `agentglass show --json` lists and `tail --json` prints."""
    return {
        "span_id": span.span_id,
        "parent_id": span.parent_id,
        "name": span.name,
        "type": str(span.type),
        "status": str(span.status),
        "start_time": _iso(span.start_ns),
        "start_ns": span.start_ns,
        "end_ns": span.end_ns,
        "duration_ms": _ms(span.duration_ns),
        "error": None if span.error is None else span.error.to_dict(),
        "input": span.input,
        "output": span.output,
        "usage": None if span.usage is None else span.usage.to_dict(),
        "cost_usd": None if span.cost is None else float(span.cost.total_usd),
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
    }


def _ms(duration_ns: int | None) -> float | None:
    return None if duration_ns is None else round(duration_ns / 1e6, 3)


def _iso(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat(timespec="milliseconds")
