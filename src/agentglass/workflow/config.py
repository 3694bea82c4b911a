"""What a workflow file may hold, as models: one class per section, unknown keys refused."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from agentglass.workflow.agent_config import AgentConfig, TeamConfig, ToolMember
from agentglass.workflow.edges import EdgeConfig
from agentglass.workflow.field_config import StateConfig
from agentglass.workflow.llm_config import LlmConfig
from agentglass.workflow.sections import Section

__all__ = [
    "ConfigSection",
    "ExecutionConfig",
    "FlowConfig",
    "MlflowConfig",
    "ObservabilityConfig",
    "WorkflowConfig",
]


class FlowConfig(Section):
    """What the workflow is."""

    name: str = Field(min_length=1, max_length=200)
    """Shown wherever a run is shown."""
    description: str | None = None
    version: str | None = None


class ExecutionConfig(Section):
    """Limits of a run."""

    timeout: float = Field(default=120, gt=0)
    """Seconds for the whole run."""
    max_retries: int = Field(default=3, ge=0, le=20)
    """How often a model call is repeated after a passing fault or an unusable answer."""
    max_steps: int = Field(default=1000, gt=0, le=1_000_000)
    """How many times nodes may run in all, so that no cycle goes on for ever."""
    durable: bool | None = None
    """Whether a run that stopped can go on in another process; where it is missing, those with a
    `human` or an `idempotency` can."""


class MlflowConfig(Section):
    """Where traces go in MLflow; `enabled: true` needs a sink that this version does not have."""

    enabled: bool = False
    tracking_uri: str = "sqlite:///mlflow.db"
    experiment_name: str = "configurable_agents"
    run_name: str | None = None
    log_artifacts: bool = True
    retention_days: int | None = Field(default=None, gt=0)
    redact_pii: bool = False


class ObservabilityConfig(Section):
    """What is recorded."""

    level: Literal["off", "metrics", "trace"] | None = None
    """`--level` and AGENTGLASS_LEVEL win over it; `trace` where none of them is given."""
    redact_pii: bool = False
    """Hide e-mail addresses, card and social-security numbers in the record."""
    mlflow: MlflowConfig = Field(default_factory=MlflowConfig)


class ConfigSection(Section):
    """Settings of the whole workflow."""

    llm: LlmConfig = Field(default_factory=LlmConfig)
    """The model of nodes that name none."""
    execution: ExecutionConfig = Field(default_factory=ExecutionConfig)
    observability: ObservabilityConfig = Field(default_factory=ObservabilityConfig)


class WorkflowConfig(Section):
    """A workflow file."""

    schema_version: Literal["1.0"]
    flow: FlowConfig
    state: StateConfig = Field(default_factory=StateConfig)
    nodes: list[Mapping[str, Any]] = Field(min_length=1)
    """In the order in which they run, where there are no edges."""
    edges: list[EdgeConfig] = Field(default_factory=list)
    tools: dict[str, ToolMember] = Field(default_factory=dict)
    """Name -> what agents and `tool` nodes may call, or its path alone."""
    agents: dict[str, AgentConfig] = Field(default_factory=dict)
    """Name -> an agent that others can hand work to."""
    teams: dict[str, TeamConfig] = Field(default_factory=dict)
    """Name -> agents that work on the same question."""
    outputs: list[str] = Field(default_factory=list)
    """The state fields that are the result; those of the last node where it is missing."""
    config: ConfigSection = Field(default_factory=ConfigSection)
