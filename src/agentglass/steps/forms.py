"""What a step looks like as a span, and a span as a step: one pair of functions for each type.

These say the natural form alone. What it does not hold, `from_spans` and `to_spans` carry beside it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agentglass.spans import STATUS_TABLE, Cost, ErrorInfo, Span, SpanType, Status, Usage, names
from agentglass.steps.steps import BaseStep
from agentglass.steps.types import StepType

__all__ = ["fields_of_span", "parts_of_step", "step_type_of", "text_of"]

MATCH_COUNT = "agentglass.match_count"
TOOL_ERROR = "ToolError"
"""The type of an error of which only the message is known."""

Fields = dict[str, Any]

_STEP_TYPES: Mapping[str, StepType] = {
    SpanType.LLM: StepType.LLM_CALL,
    SpanType.TOOL: StepType.TOOL_CALL,
    SpanType.SANDBOX: StepType.TOOL_CALL,
    SpanType.RETRIEVAL: StepType.RETRIEVAL,
    SpanType.EMBEDDING: StepType.RETRIEVAL,
    SpanType.RERANKER: StepType.RETRIEVAL,
    SpanType.MEMORY_READ: StepType.MEMORY_READ,
    SpanType.MEMORY_WRITE: StepType.MEMORY_WRITE,
    SpanType.INTERRUPT: StepType.INTERRUPT,
    SpanType.USER_INPUT: StepType.USER_INPUT,
    SpanType.FINAL_OUTPUT: StepType.FINAL_OUTPUT,
}
"""Type of a span -> of its step; every other type is a change of state."""


def step_type_of(span: Span) -> StepType:
    """Return which kind of step a span is."""
    return _STEP_TYPES.get(span.type, StepType.STATE_CHANGE)


def fields_of_span(span: Span) -> Fields:
    """Return the fields of its step that are its own, not those of every step."""
    return _FIELDS[step_type_of(span)](span)


def parts_of_step(step: BaseStep) -> Fields:
    """Return what a step gives to its span, by the names of the span's fields.

    A step of an unknown type gives its name and nothing else.
    """
    make = _PARTS.get(step.step_type)
    return {"type": SpanType.SPAN, "name": step.step_type} if make is None else make(step)


# -- spans to steps ----------------------------------------------------------------------------


def _llm_fields(span: Span) -> Fields:
    attributes, usage = span.attributes, span.usage or Usage()
    model = attributes.get(names.RESPONSE_MODEL) or attributes.get(names.REQUEST_MODEL)
    return {
        "model": text_of(model or span.name),
        "input": _messages(span.input),
        "output": _answer(span.output),
        "tokens_in": _known(usage.input_tokens),
        "tokens_out": _known(usage.output_tokens),
        "tokens_total": _known(usage.total_tokens),
        "latency_ms": _latency_ms(span),
        "cost_estimate": None if span.cost is None else _known(float(span.cost.total_usd)),
        "provider": _optional_text(attributes.get(names.PROVIDER)),
    }


def _tool_fields(span: Span) -> Fields:
    given = span.input
    return {
        "tool_name": text_of(span.attributes.get(names.TOOL_NAME) or span.name),
        "arguments": given
        if isinstance(given, dict)
        else {}
        if given is None
        else {"input": given},
        "result": span.output,
        "latency_ms": _latency_ms(span),
        "success": None if span.end_ns is None else not STATUS_TABLE[span.status].is_error,
        "error": None if span.error is None else span.error.message,
    }


def _retrieval_fields(span: Span) -> Fields:
    results = [_result(item) for item in _items(span.output)]
    return {
        "query": _text_of_query(span.input),
        "results": results,
        "match_count": _count(span, len(results)),
        "latency_ms": _latency_ms(span),
    }


def _memory_read_fields(span: Span) -> Fields:
    results = _items(span.output)
    query = span.input if isinstance(span.input, dict) else text_of(span.input)
    return {"query": query, "results": results, "match_count": _count(span, len(results))}


def _memory_write_fields(span: Span) -> Fields:
    return {"operation": "update", "data": span.input, "entity_type": span.name}


def _interrupt_fields(span: Span) -> Fields:
    response = span.output
    if response is not None and not isinstance(response, str | dict):
        response = text_of(response)
    waited_ms = max(0, round((span.duration_ns or 0) / 1e6))
    return {"prompt": text_of(span.input), "response": response, "wait_duration_ms": waited_ms}


def _state_fields(span: Span) -> Fields:
    reason = None if span.type == SpanType.STATE_CHANGE else str(span.type)
    key = text_of(span.attributes.get(names.NODE_ID) or span.name)
    return {"state_key": key, "new_value": span.output, "reason": reason}


def _user_fields(span: Span) -> Fields:
    return {"content": text_of(span.output if span.input is None else span.input)}


def _final_fields(span: Span) -> Fields:
    return {"content": span.input if span.output is None else span.output}


_FIELDS: Mapping[StepType, Callable[[Span], Fields]] = {
    StepType.LLM_CALL: _llm_fields,
    StepType.TOOL_CALL: _tool_fields,
    StepType.RETRIEVAL: _retrieval_fields,
    StepType.MEMORY_READ: _memory_read_fields,
    StepType.MEMORY_WRITE: _memory_write_fields,
    StepType.INTERRUPT: _interrupt_fields,
    StepType.STATE_CHANGE: _state_fields,
    StepType.USER_INPUT: _user_fields,
    StepType.FINAL_OUTPUT: _final_fields,
}


# -- steps to spans ----------------------------------------------------------------------------


def _llm_parts(step: Any) -> Fields:
    has_usage = (step.tokens_in, step.tokens_out) != (None, None)
    attributes = {names.REQUEST_MODEL: step.model}
    if step.provider is not None:
        attributes[names.PROVIDER] = step.provider
    return {
        "type": SpanType.LLM,
        "name": f"chat {step.model}",
        "input": step.input,
        "output": step.output,
        "usage": Usage(input_tokens=step.tokens_in, output_tokens=step.tokens_out)
        if has_usage
        else None,
        "cost": None if step.cost_estimate is None else Cost.from_usd(step.cost_estimate),
        "attributes": attributes,
    }


def _tool_parts(step: Any) -> Fields:
    failed = step.success is False or (step.success is None and step.error is not None)
    return {
        "type": SpanType.TOOL,
        "name": step.tool_name,
        "input": step.arguments,
        "output": step.result,
        "status": Status.ERROR if failed else Status.OK,
        "error": ErrorInfo(TOOL_ERROR, step.error or "") if failed else None,
    }


def _retrieval_parts(step: Any) -> Fields:
    return {
        "type": SpanType.RETRIEVAL,
        "name": "retrieval",
        "input": step.query,
        "output": [result.model_dump(mode="python") for result in step.results],
        "attributes": _counted(step),
    }


def _memory_read_parts(step: Any) -> Fields:
    return {
        "type": SpanType.MEMORY_READ,
        "name": "memory read",
        "input": step.query,
        "output": step.results,
        "attributes": _counted(step),
    }


def _memory_write_parts(step: Any) -> Fields:
    place = [*(step.namespace or ()), *([step.key] if step.key else ())]
    name = step.entity_type or "/".join(place) or "memory write"
    return {"type": SpanType.MEMORY_WRITE, "name": name, "input": step.data}


def _interrupt_parts(step: Any) -> Fields:
    is_open = step.response is None and step.duration_ms is None
    return {
        "type": SpanType.INTERRUPT,
        "name": "interrupt",
        "input": step.prompt,
        "output": step.response,
        "status": Status.INTERRUPTED if is_open else Status.OK,
    }


def _state_parts(step: Any) -> Fields:
    return {"type": SpanType.STATE_CHANGE, "name": step.state_key, "output": step.new_value}


def _user_parts(step: Any) -> Fields:
    return {"type": SpanType.USER_INPUT, "name": "user input", "input": step.content}


def _final_parts(step: Any) -> Fields:
    return {"type": SpanType.FINAL_OUTPUT, "name": "final output", "output": step.content}


_PARTS: Mapping[str, Callable[[Any], Fields]] = {
    StepType.LLM_CALL: _llm_parts,
    StepType.TOOL_CALL: _tool_parts,
    StepType.RETRIEVAL: _retrieval_parts,
    StepType.MEMORY_READ: _memory_read_parts,
    StepType.MEMORY_WRITE: _memory_write_parts,
    StepType.INTERRUPT: _interrupt_parts,
    StepType.STATE_CHANGE: _state_parts,
    StepType.USER_INPUT: _user_parts,
    StepType.FINAL_OUTPUT: _final_parts,
}


# -- values ------------------------------------------------------------------------------------


def text_of(value: Any) -> str:
    """Return a value as text: a text as it is, nothing as empty, all else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _optional_text(value: Any) -> str | None:
    return None if value is None else text_of(value)


def _messages(value: Any) -> str | list[dict[str, Any]]:
    if isinstance(value, dict):
        value = value.get("messages", [value])
    if isinstance(value, list):
        return [item if isinstance(item, dict) else {"content": item} for item in value]
    return text_of(value)


def _answer(value: Any) -> str | dict[str, Any]:
    if isinstance(value, dict):
        return value
    return {"content": value} if isinstance(value, list) else text_of(value)


def _items(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, dict):
        value = value.get("documents", value.get("results", [value]))
    return value if isinstance(value, list) else [value]


def _result(item: Any) -> Fields:
    """Return one found document; frameworks call its text differently."""
    if not isinstance(item, Mapping):
        return {"content": text_of(item)}
    content = next(
        (item[name] for name in ("content", "page_content", "text") if name in item), item
    )
    score, metadata = item.get("score"), item.get("metadata")
    return {
        "content": text_of(content),
        "score": score if _is_share(score) else None,
        "metadata": metadata if isinstance(metadata, dict) else None,
    }


def _is_share(score: Any) -> bool:
    return isinstance(score, int | float) and not isinstance(score, bool) and 0 <= score <= 1


def _text_of_query(value: Any) -> str:
    return text_of(value["query"] if isinstance(value, Mapping) and "query" in value else value)


def _count(span: Span, known: int) -> int:
    count = span.attributes.get(MATCH_COUNT)
    return count if isinstance(count, int) and count >= 0 else known


def _counted(step: Any) -> Fields:
    listed: Sequence[Any] = step.results
    return {} if step.match_count == len(listed) else {MATCH_COUNT: step.match_count}


def _latency_ms(span: Span) -> int | None:
    return None if span.duration_ns is None else max(0, round(span.duration_ns / 1e6))


def _known(amount: Any) -> Any:
    """Return an amount, or None for one that cannot be: strangers record such."""
    is_number = isinstance(amount, int | float) and not isinstance(amount, bool)
    return amount if is_number and amount >= 0 else None
