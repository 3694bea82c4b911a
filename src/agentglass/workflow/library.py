"""What a workflow declares besides its nodes: tools, agents and teams, and where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from agentglass.workflow.agent_config import AgentConfig, TeamConfig, ToolConfig
from agentglass.workflow.llm_config import LlmConfig, combine_llm

if TYPE_CHECKING:
    from agentglass.workflow.workflow import Workflow

__all__ = ["Library"]


@dataclass(frozen=True, slots=True)
class Library:
    """What the nodes of a workflow can refer to by name."""

    directory: Path
    """Where the workflow file is."""
    tools: Mapping[str, ToolConfig] = field(default_factory=dict)
    agents: Mapping[str, AgentConfig] = field(default_factory=dict)
    teams: Mapping[str, TeamConfig] = field(default_factory=dict)
    llm: LlmConfig = field(default_factory=LlmConfig)
    """The model of the whole workflow."""
    chosen: LlmConfig | None = None
    """The model that the caller chose; wins over the file."""
    ancestors: tuple[Path, ...] = ()
    """The workflow files that lead to this one, itself included, the outermost first."""
    parts: dict[Path, "Workflow"] = field(default_factory=dict, repr=False, compare=False)
    """The workflows that were loaded as parts of it or of those around it."""

    @property
    def delegates(self) -> list[str]:
        """The names of all agents and teams."""
        return [*self.agents, *self.teams]

    def llm_for(self, own: LlmConfig) -> LlmConfig:
        """Return the model settings that apply where these are laid over the workflow's."""
        return combine_llm(self.llm, own, self.chosen)
