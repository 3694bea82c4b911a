"""The methods by which a program says what its agent did, one for each type of step."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from agentglass.steps.steps import (
    BaseStep,
    FinalOutputStep,
    InterruptStep,
    LLMCallStep,
    MemoryReadStep,
    MemoryWriteStep,
    RetrievalStep,
    StateChangeStep,
    ToolCallStep,
    UserInputStep,
)
from agentglass.steps.types import FieldChange, ResourceImpact, RetrievalResult

__all__ = ["Place", "StepMethods"]

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a step belongs."""

    parent_step_id: str | None
    metadata: Mapping[str, Any] | None
    timestamp: datetime | None
    """When it began; None for what has just ended."""
    took_ms: int | None = None
    """How long it took, where that is known."""


class StepMethods(ABC, Generic[R]):
    """What `Tracer` and its async twin have in common.

    Every method records one step and gives its id, which later steps may name as their parent. A
    step is said when it is over: with `latency_ms` it began that long ago.

    Raises:
        StepValidationError: A value does not fit; names the step and the field.
        TracerNotActiveError: The run has not begun, or has ended.
    """

    @abstractmethod
    def _record(self, step: type[BaseStep], fields: dict[str, Any], place: Place) -> R:
        """Record a step."""

    def user_input(
        self,
        content: str,
        *,
        input_type: str | None = None,
        parent_step_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
    ) -> R:
        """Record what a user said."""
        place = Place(parent_step_id, metadata, timestamp)
        return self._record(UserInputStep, {"content": content, "input_type": input_type}, place)

    def llm_call(
        self,
        model: str,
        input: str | Sequence[Mapping[str, Any]],
        output: str | Mapping[str, Any],
        *,
        tokens_in: int | None = None,
        tokens_out: int | None = None,
        tokens_total: int | None = None,
        latency_ms: int | None = None,
        cost_estimate: float | None = None,
        provider: str | None = None,
        parent_step_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
    ) -> R:
        """Record a call of a model: what it was asked, what it answered; the cost is in USD."""
        fields = {
            "model": model,
            "input": input,
            "output": output,
            "tokens_in": tokens_in,
            "tokens_out": tokens_out,
            "tokens_total": tokens_total,
            "latency_ms": latency_ms,
            "cost_estimate": cost_estimate,
            "provider": provider,
        }
        return self._record(
            LLMCallStep, fields, Place(parent_step_id, metadata, timestamp, latency_ms)
        )

    def tool_call(
        self,
        tool_name: str,
        arguments: Mapping[str, Any],
        result: Any,
        *,
        latency_ms: int | None = None,
        success: bool | None = None,
        error: str | None = None,
        resource_impact: ResourceImpact | Mapping[str, Any] | None = None,
        parent_step_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
    ) -> R:
        """Record a call of a tool."""
        fields = {
            "tool_name": tool_name,
            "arguments": arguments,
            "result": result,
            "latency_ms": latency_ms,
            "success": success,
            "error": error,
            "resource_impact": resource_impact,
        }
        return self._record(
            ToolCallStep, fields, Place(parent_step_id, metadata, timestamp, latency_ms)
        )

    def retrieval(
        self,
        query: str,
        results: Sequence[RetrievalResult | Mapping[str, Any]],
        match_count: int | None = None,
        *,
        latency_ms: int | None = None,
        parent_step_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
    ) -> R:
        """Record a search for documents; without a `match_count` the results are counted."""
        fields = {
            "query": query,
            "results": results,
            "match_count": _count(match_count, results),
            "latency_ms": latency_ms,
        }
        return self._record(
            RetrievalStep, fields, Place(parent_step_id, metadata, timestamp, latency_ms)
        )

    def memory_read(
        self,
        query: str | Mapping[str, Any],
        results: Sequence[Any],
        match_count: int | None = None,
        *,
        relevance_scores: Sequence[float] | None = None,
        total_available: int | None = None,
        parent_step_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
    ) -> R:
        """Record a look into a memory; without a `match_count` the results are counted."""
        fields = {
            "query": query,
            "results": results,
            "match_count": _count(match_count, results),
            "relevance_scores": relevance_scores,
            "total_available": total_available,
        }
        return self._record(MemoryReadStep, fields, Place(parent_step_id, metadata, timestamp))

    def memory_write(
        self,
        entity_type: str | None,
        operation: str,
        data: Any,
        *,
        entity_id: str | None = None,
        namespace: Sequence[str] | None = None,
        key: str | None = None,
        changes: Sequence[FieldChange | Mapping[str, Any]] | None = None,
        triggered_by_step_id: str | None = None,
        parent_step_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
    ) -> R:
        """Record a change of a memory: of an entity, or of an item with `namespace` and `key`."""
        fields = {
            "entity_type": entity_type,
            "operation": operation,
            "data": data,
            "entity_id": entity_id,
            "namespace": namespace,
            "key": key,
            "changes": changes,
            "triggered_by_step_id": triggered_by_step_id,
        }
        return self._record(MemoryWriteStep, fields, Place(parent_step_id, metadata, timestamp))

    def interrupt(
        self,
        prompt: str,
        response: str | Mapping[str, Any],
        wait_duration_ms: int,
        *,
        parent_step_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
    ) -> R:
        """Record a question to a human, and the answer."""
        fields = {"prompt": prompt, "response": response, "wait_duration_ms": wait_duration_ms}
        return self._record(
            InterruptStep, fields, Place(parent_step_id, metadata, timestamp, wait_duration_ms)
        )

    def state_change(
        self,
        state_key: str,
        new_value: Any,
        *,
        old_value: Any = None,
        reason: str | None = None,
        parent_step_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
    ) -> R:
        """Record a change of the state of the run."""
        fields = {
            "state_key": state_key,
            "new_value": new_value,
            "old_value": old_value,
            "reason": reason,
        }
        return self._record(StateChangeStep, fields, Place(parent_step_id, metadata, timestamp))

    def final_output(
        self,
        content: Any,
        *,
        format: str | None = None,
        parent_step_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
    ) -> R:
        """Record what the run gave."""
        place = Place(parent_step_id, metadata, timestamp)
        return self._record(FinalOutputStep, {"content": content, "format": format}, place)


def _count(given: int | None, results: Any) -> Any:
    return len(results) if given is None and isinstance(results, Sequence) else given
