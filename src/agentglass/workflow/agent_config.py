"""Agents, teams and their tools, as a workflow file declares them."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from agentglass.workflow.field_config import OutputSchema
from agentglass.workflow.llm_config import LlmConfig
from agentglass.workflow.sections import ConditionText, Section

__all__ = [
    "AgentConfig",
    "AgentSettings",
    "AgentTool",
    "AgentToolConfig",
    "StopConfig",
    "SynthesisConfig",
    "TeamConfig",
    "ToolConfig",
    "ToolMember",
]


class ToolConfig(Section):
    """A function that agents and `tool` nodes may call."""

    callable: str
    """As in `tools.energy:read_meter`; its signature says what it takes."""
    description: str | None = None
    """What a model is told; the docstring where it is missing."""
    timeout: float | None = Field(default=None, gt=0)
    """Seconds that one call may take; 60 where it is missing."""
    retries: int | None = Field(default=None, ge=0, le=20)
    """How often a call that failed is tried again."""


def _expand_tool(value: Any) -> Any:
    return {"callable": value} if isinstance(value, str) else value


ToolMember = Annotated[
    ToolConfig, BeforeValidator(_expand_tool, json_schema_input_type=str | ToolConfig)
]


class AgentToolConfig(Section):
    """A tool that an agent may use."""

    name: str
    """A name of `tools`, or a function's path."""
    on_error: Literal["continue", "fail"] = "continue"
    """Whether a failed call is told to the model, or fails the agent."""


def _expand_name(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


AgentTool = Annotated[
    AgentToolConfig, BeforeValidator(_expand_name, json_schema_input_type=str | AgentToolConfig)
]


class StopConfig(Section):
    """When an agent is done before its model says so."""

    tools: list[str] = Field(default_factory=list)
    """The agent stops once one of these tools has succeeded; its result is the answer."""
    condition: ConditionText | None = None
    """Looked at after each round; it can name `text`, `round`, `tools` (names called so far),
    `results` (of the last round)."""


class AgentSettings(Section):
    """How an agent works."""

    tools: list[AgentTool] = Field(default_factory=list)
    """All that it may call; anything else that its model asks for is refused."""
    delegates: list[str] = Field(default_factory=list)
    """Agents and teams that it may consult, each offered to its model as a tool `consult_<name>`."""
    max_steps: int = Field(default=10, ge=1, le=100)
    """How often its model is asked at most."""
    on_limit: Literal["fail", "answer"] = "fail"
    """After `max_steps`: fail, or ask once more, without tools."""
    stop: StopConfig = Field(default_factory=StopConfig)
    output_schema: OutputSchema | None = None
    """What the answer must look like; asked for after the work with the tools is done."""
    llm: LlmConfig = Field(default_factory=LlmConfig)
    """Wins over `config.llm`, key by key."""


class AgentConfig(AgentSettings):
    """An agent that others can hand work to."""

    description: str = ""
    """What it is good for; told to a model that may consult it."""
    system: str | None = None
    """What its model is told beforehand."""


class SynthesisConfig(Section):
    """How the findings of a team become one answer."""

    prompt: str | None = None
    """What a model is asked, before the findings; without it the findings are put together as they
    are."""
    llm: LlmConfig = Field(default_factory=LlmConfig)


class TeamConfig(Section):
    """Agents that work on the same question."""

    description: str = ""
    """What it is good for; told to a model that may consult it."""
    agents: list[str] = Field(min_length=1)
    """In the order in which they work."""
    triggers: dict[str, list[str]] = Field(default_factory=dict)
    """Agent -> words in a question that call for it; where none is found all of them work."""
    strategy: Literal["parallel", "teamwork"] = "parallel"
    """All at once; or one after the other, each knowing what was found before."""
    discussion_rounds: int = Field(default=0, ge=0, le=5)
    """How often each agent sees all findings and may change its own."""
    synthesis: SynthesisConfig = Field(default_factory=SynthesisConfig)
