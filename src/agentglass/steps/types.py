"""The parts that runs and steps are made of."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from agentglass.steps.fields import Metadata, Model, optional

__all__ = [
    "AgentInfo",
    "FieldChange",
    "ResourceImpact",
    "RetrievalResult",
    "StepType",
    "TaskInfo",
]


class StepType(StrEnum):
    """The nine kinds of step."""

    USER_INPUT = "user_input"
    LLM_CALL = "llm_call"
    TOOL_CALL = "tool_call"
    RETRIEVAL = "retrieval"
    MEMORY_READ = "memory_read"
    MEMORY_WRITE = "memory_write"
    STATE_CHANGE = "state_change"
    INTERRUPT = "interrupt"
    FINAL_OUTPUT = "final_output"


class AgentInfo(Model):
    """Who ran."""

    name: str = Field(description="What the agent is called.")
    version: str | None = optional("Its version.")
    framework: str | None = optional("What it is built with: langchain, crewai, custom, ...")
    framework_version: str | None = optional("The version of that.")


class TaskInfo(Model):
    """What it was to do."""

    description: str | None = optional("The task in words.")
    goal: str | None = optional("When it is done.")
    input: dict[str, Any] | None = optional("What it was given.")


class ResourceImpact(Model):
    """What a tool used up or set free."""

    amount: float = Field(description="How much.")
    unit: str = Field(description="Of what: USD, kWh, rows, ...")
    breakdown: dict[str, Any] | None = optional("The amount by its parts.")


class RetrievalResult(Model):
    """One document that was found."""

    content: str = Field(description="Its text.")
    score: float | None = optional("How well it fits, from 0 to 1.", ge=0, le=1)
    metadata: Metadata | None = optional("Where it is from.")


class FieldChange(Model):
    """One field of a memory that was changed."""

    path: str = Field(description="JSON path of the field.")
    old_value: Any = optional("What it was.")
    new_value: Any = Field(description="What it is.")
