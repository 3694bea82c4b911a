"""The nine steps of a trace, and the one for what a later version may bring."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator

from agentglass.steps.fields import Instant, Metadata, Model, optional
from agentglass.steps.types import FieldChange, ResourceImpact, RetrievalResult, StepType

__all__ = [
    "STEP_CLASSES",
    "AnyStep",
    "BaseStep",
    "FinalOutputStep",
    "InterruptStep",
    "LLMCallStep",
    "MemoryReadStep",
    "MemoryWriteStep",
    "OpaqueStep",
    "RetrievalStep",
    "StateChangeStep",
    "ToolCallStep",
    "TraceStep",
    "UserInputStep",
]

_LATENCY = "How long it took, in whole milliseconds."


class BaseStep(Model):
    """What every step has."""

    step_id: str = Field(min_length=1, description="Unique within the run.")
    step_type: str = Field(description="Which of the nine kinds it is.")
    timestamp: Instant = Field(description="When it began, ISO 8601.")
    parent_step_id: str | None = optional("The step that it is part of.")
    duration_ms: float | None = optional("How long it took; unknown while it is open.", ge=0)
    metadata: Metadata | None = optional("Anything else that is known of it.")


class UserInputStep(BaseStep):
    """What a user said."""

    step_type: Literal[StepType.USER_INPUT] = StepType.USER_INPUT
    content: str = Field(description="What was said.")
    input_type: str | None = optional("How: text, voice, ...")


class LLMCallStep(BaseStep):
    """A call of a model."""

    step_type: Literal[StepType.LLM_CALL] = StepType.LLM_CALL
    model: str = Field(description="The model that answered.")
    input: str | list[dict[str, Any]] = Field(description="The prompt, or the messages.")
    output: str | dict[str, Any] = Field(description="The answer.")
    tokens_in: int | None = optional("Tokens read, cached ones included.", ge=0)
    tokens_out: int | None = optional("Tokens written, reasoning included.", ge=0)
    tokens_total: int | None = optional("Both.", ge=0)
    latency_ms: int | None = optional(_LATENCY, ge=0)
    cost_estimate: float | None = optional("What it cost, in USD.", ge=0)
    provider: str | None = optional("Who served the model.")


class ToolCallStep(BaseStep):
    """A call of a tool."""

    step_type: Literal[StepType.TOOL_CALL] = StepType.TOOL_CALL
    tool_name: str = Field(description="What was called.")
    arguments: dict[str, Any] = Field(description="With what, by name.")
    result: Any = Field(description="What it gave; null when it gave nothing.")
    latency_ms: int | None = optional(_LATENCY, ge=0)
    success: bool | None = optional("Whether it worked.")
    error: str | None = optional("Why it did not.")
    resource_impact: ResourceImpact | None = optional("What it used up.")


class RetrievalStep(BaseStep):
    """A search for documents."""

    step_type: Literal[StepType.RETRIEVAL] = StepType.RETRIEVAL
    query: str = Field(description="What was searched for.")
    results: list[RetrievalResult] = Field(description="What was found.")
    match_count: int = Field(ge=0, description="How much was found; may be more than the results.")
    latency_ms: int | None = optional(_LATENCY, ge=0)


class MemoryReadStep(BaseStep):
    """A look into a memory."""

    step_type: Literal[StepType.MEMORY_READ] = StepType.MEMORY_READ
    query: str | dict[str, Any] = Field(description="What was asked for.")
    results: list[Any] = Field(description="What was there.")
    match_count: int = Field(ge=0, description="How much was there; may be more than the results.")
    relevance_scores: list[float] | None = optional("How well each result fits.")
    total_available: int | None = optional("How much the memory holds.", ge=0)


class MemoryWriteStep(BaseStep):
    """A change of a memory.

    Either of an entity, with `entity_type`, or of an item, with `namespace` and `key`.
    """

    step_type: Literal[StepType.MEMORY_WRITE] = StepType.MEMORY_WRITE
    operation: Literal["add", "update", "delete", "put"] = Field(description="What was done.")
    data: Any = Field(description="What was written.")
    entity_type: str | None = optional("What kind of thing was written.")
    entity_id: str | None = optional("Which one.")
    namespace: list[str] | None = optional("Where the item is.")
    key: str | None = optional("Which item of the namespace.")
    changes: list[FieldChange] | None = optional("What changed in it, field by field.")
    triggered_by_step_id: str | None = optional("The step that led to it.")

    @model_validator(mode="after")
    def _names_its_target(self) -> Self:
        if self.entity_type is None and self.namespace is None:
            raise ValueError("expected `entity_type`, or `namespace` with `key`")
        return self


class StateChangeStep(BaseStep):
    """A change of the state of a run."""

    step_type: Literal[StepType.STATE_CHANGE] = StepType.STATE_CHANGE
    state_key: str = Field(description="What changed.")
    new_value: Any = Field(description="What it is.")
    old_value: Any = optional("What it was.")
    reason: str | None = optional("Why it changed.")


class InterruptStep(BaseStep):
    """A question to a human, and the answer."""

    step_type: Literal[StepType.INTERRUPT] = StepType.INTERRUPT
    prompt: str = Field(description="What was asked.")
    response: str | dict[str, Any] | None = Field(
        description="The answer; null while there is none."
    )
    wait_duration_ms: int = Field(ge=0, description="How long the run waited.")


class FinalOutputStep(BaseStep):
    """What the run gave."""

    step_type: Literal[StepType.FINAL_OUTPUT] = StepType.FINAL_OUTPUT
    content: Any = Field(description="The result.")
    format: str | None = optional("What it is: text, json, ...")


class OpaqueStep(BaseStep):
    """A step of a type that this version does not know; everything in it is kept as it came."""

    model_config = ConfigDict(extra="allow")
    step_type: str = Field(
        description="None of the nine kinds.", json_schema_extra={"not": {"enum": list(StepType)}}
    )


STEP_CLASSES: dict[str, type[BaseStep]] = {
    StepType.USER_INPUT: UserInputStep,
    StepType.LLM_CALL: LLMCallStep,
    StepType.TOOL_CALL: ToolCallStep,
    StepType.RETRIEVAL: RetrievalStep,
    StepType.MEMORY_READ: MemoryReadStep,
    StepType.MEMORY_WRITE: MemoryWriteStep,
    StepType.STATE_CHANGE: StateChangeStep,
    StepType.INTERRUPT: InterruptStep,
    StepType.FINAL_OUTPUT: FinalOutputStep,
}
"""Step type -> its class."""

_OPAQUE = "opaque"

TraceStep = Annotated[
    UserInputStep
    | LLMCallStep
    | ToolCallStep
    | RetrievalStep
    | MemoryReadStep
    | MemoryWriteStep
    | StateChangeStep
    | InterruptStep
    | FinalOutputStep,
    Field(discriminator="step_type"),
]
"""One of the nine steps, told by its `step_type`."""


def _tag_of(value: Any) -> str:
    found = value.get("step_type") if isinstance(value, dict) else getattr(value, "step_type", None)
    return _OPAQUE if isinstance(found, str) and found not in STEP_CLASSES else "known"


AnyStep = Annotated[
    Annotated[TraceStep, Tag("known")] | Annotated[OpaqueStep, Tag(_OPAQUE)],
    Discriminator(_tag_of),
]
"""One of the nine steps, or one of a type that is not known here."""
