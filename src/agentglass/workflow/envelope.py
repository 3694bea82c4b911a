"""What a run gives a script: one JSON object with the result, the figures and the errors.

The root follows pflow's output (`requirements` of Task 32 and of its later versions); the schema is
`docs/schema/envelope.schema.json`.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from agentglass.errors import AgentglassError, WorkflowFileError, error_text
from agentglass.spans import (
    STATUS_TABLE,
    Cost,
    Span,
    SpanType,
    Status,
    Totals,
    Trace,
    Usage,
    names,
)
from agentglass.workflow.result import RunResult
from agentglass.workflow.run_scope import Question
from agentglass.workflow.templates import TemplateError

__all__ = ["failure_envelope", "run_envelope"]


def run_envelope(result: RunResult, trace: Trace | None) -> dict[str, Any]:
    """Return the envelope of a run.

    Args:
        result: What came of the run.
        trace: Its record; None at level `off` or where it could not be kept. Model calls are then
            those that the `llm` nodes made.
    """
    meaning = STATUS_TABLE[result.status]
    totals = _totals_of(result) if trace is None else trace.summary.totals
    models = _models_of(result) if trace is None else _models_in(trace.iter_spans())
    total = _total(totals)
    envelope: dict[str, Any] = {
        "success": not meaning.is_error,
        "status": meaning.pflow,
        "is_error": meaning.is_error,
        "result": result.result,
        "workflow": {"action": "run", "name": result.workflow_name},
        "run_id": result.run_id,
        "level": result.level,
        "duration_ms": _round(result.duration_ms),
        "duration_planner_ms": None,
        "total_cost_usd": total["cost_usd"],
        "num_nodes": len(result.steps),
        "nodes_executed": len(result.steps),
        "metrics": {"workflow": _workflow_metrics(result, totals, models), "total": total},
        "execution": _execution(result),
        **_cache_performance(totals.usage),
        **_thinking_performance(totals.usage),
    }
    if result.questions:
        envelope["questions"] = [_question(question) for question in result.questions]
    if result.failures:
        envelope["warnings"] = [
            {"node_id": each.node_id, "message": error_text(each.error)} for each in result.failures
        ]
    if meaning.is_error and result.error is not None:
        envelope |= _failure(result.error, result.failed_node, result.state)
        envelope["outputs_so_far"] = result.outputs_so_far
    return envelope


def _question(question: Question) -> dict[str, Any]:
    """Return what somebody must know to answer."""
    return {
        "node_id": question.node_id,
        "prompt": question.prompt,
        "choices": list(question.choices),
        "schema": question.schema,
        "deadline": question.deadline,
    }


def failure_envelope(error: AgentglassError, workflow_name: str | None = None) -> dict[str, Any]:
    """Return the envelope of a run that did not begin: a bad file, bad inputs, a bad option."""
    total = _total(Totals())
    return {
        "success": False,
        "status": "failed",
        "is_error": True,
        "result": None,
        "workflow": {"action": "run", "name": workflow_name},
        "run_id": None,
        "level": None,
        "duration_ms": 0.0,
        "duration_planner_ms": None,
        "total_cost_usd": total["cost_usd"],
        "num_nodes": 0,
        "nodes_executed": 0,
        "metrics": {"total": total},
        "execution": {"duration_ms": 0.0, "nodes_executed": 0, "nodes_total": 0, "steps": []},
        **_failure(error, None, {}),
    }


def _workflow_metrics(result: RunResult, totals: Totals, models: list[str]) -> dict[str, Any]:
    timings: dict[str, float] = {}
    for step in result.steps:
        timings[step.node_id] = timings.get(step.node_id, 0.0) + step.duration_ms
    return {
        "duration_ms": _round(result.duration_ms),
        "nodes_executed": len(result.steps),
        "cost_usd": _cost(totals),
        **_tokens(totals),
        "models_used": models,
        "node_timings": {node_id: _round(time) for node_id, time in timings.items()},
    }


def _total(totals: Totals) -> dict[str, Any]:
    figures: dict[str, Any] = {**_tokens(totals), "cost_usd": _cost(totals)}
    if totals.unpriced_models:
        figures |= {
            "pricing_available": False,
            "unavailable_models": list(totals.unpriced_models),
            "partial_cost_usd": float(totals.known_cost_usd),
        }
    if totals.calls_without_usage:
        figures["calls_without_usage"] = totals.calls_without_usage
    return figures


def _tokens(totals: Totals) -> dict[str, int]:
    """Return sums of the calls that reported counts; 0 where no call did."""
    usage = totals.usage
    figures = {
        "tokens_input": usage.input_tokens or 0,
        "tokens_output": usage.output_tokens or 0,
        "tokens_total": (usage.input_tokens or 0) + (usage.output_tokens or 0),
    }
    used = {
        "cache_creation_tokens": usage.cache_write_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "thinking_tokens": usage.reasoning_tokens,
    }
    return figures | {name: count for name, count in used.items() if count}


def _cost(totals: Totals) -> float | None:
    cost = totals.cost_usd
    return None if cost is None else float(cost)


def _execution(result: RunResult) -> dict[str, Any]:
    return {
        "duration_ms": _round(result.duration_ms),
        "nodes_executed": len(result.steps),
        "nodes_total": result.nodes_total,
        "steps": [
            {
                "node_id": step.node_id,
                "status": str(step.status),
                "duration_ms": _round(step.duration_ms),
                "cached": step.status == Status.CACHED,
            }
            for step in result.steps
        ],
    }


def _cache_performance(usage: Usage) -> dict[str, Any]:
    written, read = usage.cache_write_tokens or 0, usage.cache_read_tokens or 0
    if not written and not read:
        return {}
    share = Decimal(100 * read) / usage.input_tokens if usage.input_tokens else Decimal(0)
    return {
        "cache_performance": {
            "cache_creation_tokens": written,
            "cache_read_tokens": read,
            "cache_efficiency_pct": round(float(share), 2),
            "cache_total_tokens": written + read,
        }
    }


def _thinking_performance(usage: Usage) -> dict[str, Any]:
    """Return what was used; how much was allowed is not known of any provider so far."""
    if not usage.reasoning_tokens:
        return {}
    return {
        "thinking_performance": {
            "thinking_tokens_used": usage.reasoning_tokens,
            "thinking_budget_allocated": None,
            "thinking_utilization_pct": None,
        }
    }


def _failure(
    error: BaseException, failed_node: str | None, state: Mapping[str, Any]
) -> dict[str, Any]:
    message = error_text(error)
    failure: dict[str, Any] = {"error": message, "errors": _errors(error, failed_node, state)}
    if failed_node is not None:
        failure["failed_node"] = failed_node
    return failure


def _errors(
    error: BaseException, failed_node: str | None, state: Mapping[str, Any]
) -> list[dict[str, Any]]:
    if isinstance(error, WorkflowFileError):
        return [
            {
                "source": "workflow_file",
                "category": problem.code,
                "message": problem.message,
                "node_id": None,
                "fixable": True,
                "file": problem.file,
                "line": problem.line,
                "column": problem.column,
                "path": problem.path,
            }
            for problem in error.problems
        ]
    entry: dict[str, Any] = {
        "source": "node" if failed_node else "run",
        "category": "execution_failure",
        "message": error_text(error),
        "node_id": failed_node,
        "fixable": False,
        "type": type(error).__name__,
    }
    if isinstance(error.__cause__, TemplateError):
        entry |= {
            "category": "template_error",
            "fixable": True,
            "available_fields": sorted(state),
        }
    elif failed_node is None and isinstance(error, AgentglassError) and error.exit_code == 2:
        entry |= {"source": "inputs", "category": "invalid_usage", "fixable": True}
    return [entry]


def _totals_of(result: RunResult) -> Totals:
    """Add up the calls that the nodes made; the way at level `off`."""
    usage, pico, unpriced, silent = Usage(), 0, set[str](), 0
    for call in result.model_calls:
        usage = usage + (call.usage or Usage())
        silent += call.usage is None
        if call.cost_usd is None:
            unpriced.add(call.model)
        else:
            pico += Cost.from_usd(call.cost_usd).pico_usd
    return Totals(
        llm_calls=len(result.model_calls),
        usage=usage,
        cost_pico_usd=pico,
        unpriced_models=tuple(sorted(unpriced)),
        calls_without_usage=silent,
    )


def _models_of(result: RunResult) -> list[str]:
    return sorted({call.model for call in result.model_calls})


def _models_in(spans: Iterable[Span]) -> list[str]:
    asked = (
        span.attributes.get(names.RESPONSE_MODEL) or span.attributes.get(names.REQUEST_MODEL)
        for span in spans
        if span.type == SpanType.LLM
    )
    return sorted({str(model) for model in asked if model})


def _round(milliseconds: float) -> float:
    return round(milliseconds, 3)
