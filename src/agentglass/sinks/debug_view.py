"""A trace as pflow's debug file sees it: nodes with the store before and after (format 1.2.0)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from agentglass.sinks.debug_limits import DebugLimits, cut
from agentglass.spans import (
    STATUS_TABLE,
    Span,
    SpanType,
    Status,
    Trace,
    find_duplicates,
    names,
)

__all__ = ["FORMAT_VERSION", "debug_view"]

FORMAT_VERSION = "1.2.0"
_SYSTEM_KEYS = frozenset({"__llm_calls__", "__metrics__", "__is_planner__"})
"""The keys with leading underscores that the store of a node shows."""


def debug_view(trace: Trace, limits: DebugLimits, json_output: Any = None) -> dict[str, Any]:
    """Return the contents of the debug file of one run.

    Args:
        trace: The run.
        limits: How much of each value is kept.
        json_output: What the CLI printed with `--output-format json`.
    """
    summary = trace.summary
    spans = trace.spans
    nodes = [span for span in spans if span.type == SpanType.NODE]
    calls = _calls_by_node(spans)
    view: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "execution_id": summary.run_id,
        "workflow_name": summary.workflow,
        "start_time": _iso(summary.start_ns),
        "end_time": None if summary.end_ns is None else _iso(summary.end_ns),
        "duration_ms": _ms(summary.duration_ns),
        "final_status": STATUS_TABLE[summary.status].pflow,
        "nodes_executed": len(nodes),
        "nodes_failed": sum(STATUS_TABLE[node.status].is_error for node in nodes),
        "nodes": _nodes(nodes, calls, limits),
    }
    every_call = [call for found in calls.values() for call in found]
    if every_call:
        view["llm_summary"] = {
            "total_calls": len(every_call),
            "total_tokens": sum(_usage(call)["total_tokens"] for call in every_call),
            "models_used": sorted({_model(call) for call in every_call}),
        }
    if json_output is not None:
        view["json_output"] = json_output
    return view


def _nodes(
    nodes: Iterable[Span], calls: dict[str, list[Span]], limits: DebugLimits
) -> list[dict[str, Any]]:
    before: list[dict[str, Any]] = []
    entries = []
    for node in nodes:
        own = [_llm_call(call, node) for call in calls.get(node.span_id, ())]
        after = [*before, *own]
        entries.append(_node(node, before, after, calls.get(node.span_id, []), limits))
        before = after
    return entries


def _node(
    node: Span,
    calls_before: list[dict[str, Any]],
    calls_after: list[dict[str, Any]],
    own_calls: list[Span],
    limits: DebugLimits,
) -> dict[str, Any]:
    state = node.input if isinstance(node.input, dict) else {}
    update = node.output if isinstance(node.output, dict) else {}
    merged = node.attributes.get(names.STATE_MERGED)
    after = {**state, **update, **(merged if isinstance(merged, dict) else {})}
    entry: dict[str, Any] = {
        "node_id": node.attributes.get(names.NODE_ID, node.name),
        "node_type": node.attributes.get(names.NODE_TYPE, node.type),
        "duration_ms": _ms(node.duration_ns),
        "success": not STATUS_TABLE[node.status].is_error and node.status != Status.RUNNING,
        "timestamp": _iso(node.start_ns),
        "shared_before": _store(state, calls_before, limits),
        "shared_after": _store(after, calls_after, limits),
        "mutations": _mutations(state, after),
    }
    if node.error is not None:
        entry["error"] = f"{node.error.type}: {node.error.message}"
    if resolutions := node.attributes.get(names.TEMPLATE_RESOLUTIONS):
        entry["template_resolutions"] = limits.store_value(resolutions)
    if own_calls:
        last = own_calls[-1]
        entry["llm_call"] = _llm_call(last, node)
        entry |= _text("llm_prompt", _prompt(last), limits.prompt)
        entry |= _text("llm_response", _response(last), limits.response)
    return entry


def _store(
    state: dict[str, Any], calls: list[dict[str, Any]], limits: DebugLimits
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        key: limits.store_value(value)
        for key, value in state.items()
        if not key.startswith("__") or key in _SYSTEM_KEYS
    }
    if calls and limits.llm_calls:
        shown["__llm_calls__"] = calls[-limits.llm_calls :]
    return shown


def _mutations(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[str]]:
    return {
        "added": sorted(key for key in after if key not in before),
        "removed": sorted(key for key in before if key not in after),
        "modified": sorted(key for key in after if key in before and after[key] != before[key]),
    }


def _calls_by_node(spans: list[Span]) -> dict[str, list[Span]]:
    """Return the model calls below each node; of a call inside a call, the inner one."""
    by_id = {span.span_id: span for span in spans}
    duplicates = find_duplicates(spans)
    found = [s for s in spans if s.type == SpanType.LLM and s.span_id not in duplicates]
    outer = {above.span_id for call in found for above in _above(call, by_id)}
    calls: dict[str, list[Span]] = defaultdict(list)
    for call in found:
        if call.span_id not in outer:
            nodes = (above for above in _above(call, by_id) if above.type == SpanType.NODE)
            node = next(nodes, None)
            calls[node.span_id if node else ""].append(call)
    return calls


def _above(span: Span, by_id: Mapping[str, Span]) -> Iterator[Span]:
    """Yield the spans above a span, nearest first; ends where they form a circle."""
    seen = {span.span_id}
    above = by_id.get(span.parent_id or "")
    while above is not None and above.span_id not in seen:
        yield above
        seen.add(above.span_id)
        above = by_id.get(above.parent_id or "")


def _llm_call(call: Span, node: Span) -> dict[str, Any]:
    return {
        "node_id": node.attributes.get(names.NODE_ID, node.name),
        "model": _model(call),
        **_usage(call),
        "duration_ms": _ms(call.duration_ns),
        "is_planner": False,
        "total_cost_usd": None if call.cost is None else float(call.cost.total_usd),
    }


def _usage(call: Span) -> dict[str, int]:
    usage = call.usage
    if usage is None:
        return {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    record = {
        "input_tokens": usage.input_tokens or 0,
        "output_tokens": usage.output_tokens or 0,
        "total_tokens": (usage.input_tokens or 0) + (usage.output_tokens or 0),
        "cache_creation_input_tokens": usage.cache_write_tokens or 0,
        "cache_read_input_tokens": usage.cache_read_tokens or 0,
    }
    if usage.reasoning_tokens:
        record["thinking_tokens"] = usage.reasoning_tokens
    return record


def _model(call: Span) -> str:
    return str(
        call.attributes.get(names.RESPONSE_MODEL)
        or call.attributes.get(names.REQUEST_MODEL)
        or call.name
    )


def _prompt(call: Span) -> str | None:
    """Return the text of the messages, the last user's alone when there is nothing else."""
    messages = call.input.get("messages") if isinstance(call.input, dict) else None
    if not isinstance(messages, list):
        return None if call.input is None else str(call.input)
    texts = [str(m.get("content") or "") for m in messages if isinstance(m, dict)]
    return "\n\n".join(text for text in texts if text)


def _response(call: Span) -> str | None:
    if isinstance(call.output, dict):
        return str(call.output.get("content") or "")
    return None if call.output is None else str(call.output)


def _text(name: str, text: str | None, limit: int) -> dict[str, str]:
    if text is None:
        return {}
    if len(text) <= limit:
        return {name: text}
    return {f"{name}_truncated": cut(text, limit)}


def _ms(duration_ns: int | None) -> float | None:
    return None if duration_ns is None else round(duration_ns / 1e6, 3)


def _iso(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat(timespec="milliseconds")
