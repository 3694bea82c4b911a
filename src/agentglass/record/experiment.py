"""Runs and steps under the names that programs written for MLflow know."""

from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from agentglass.record.api import trace
from agentglass.record.decorate import traced
from agentglass.record.live import LiveSpan
from agentglass.record.noop import NoopSpan
from agentglass.spans import SpanType

__all__ = ["start_experiment_run", "trace_with_uri"]

P = ParamSpec("P")
R = TypeVar("R")

TAG_EXPERIMENT = "experiment"
_MLFLOW_TYPES = {"chat_model": "llm", "retriever": "retrieval", "memory": "memory_read"}
_TYPES = frozenset(SpanType)


def start_experiment_run(
    name: str, tags: Mapping[str, str] | None = None, *, experiment_name: str | None = None
) -> LiveSpan | NoopSpan:
    """Start a run, to be used in a `with`; inside of a run it is a child and leaves its tags alone.

    Args:
        name: What a reader sees.
        tags: Text by name, to find the run by.
        experiment_name: Kept as the tag `experiment`.
    """
    kept = {**({TAG_EXPERIMENT: experiment_name} if experiment_name else {}), **(tags or {})}
    return trace(name, tags=kept)


def trace_with_uri(
    name: str | None = None,
    span_type: str = "UNKNOWN",
    attributes: Mapping[str, Any] | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Record every call of a function as a span, like `traced`.

    Args:
        name: What a reader sees; the function's qualified name when None.
        span_type: One of `SpanType`, or MLflow's word for it, in any case.
        attributes: Named values for each call.
    """
    word = span_type.lower()
    known = _MLFLOW_TYPES.get(word, word)
    return traced(
        name=name, type=known if known in _TYPES else SpanType.SPAN, attributes=attributes
    )
