"""A validated workflow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentglass.spans import Level
from agentglass.workflow.config import ConfigSection, FlowConfig, LlmConfig, NodeConfig
from agentglass.workflow.node_types import NodeContext, NodeType
from agentglass.workflow.state import StateField

__all__ = ["Workflow", "WorkflowNode", "node_context"]


@dataclass(frozen=True, slots=True)
class WorkflowNode:
    """A node, its type, and what is around it."""

    config: NodeConfig
    type: NodeType
    context: NodeContext

    @property
    def id(self) -> str:
        """The node's id."""
        return self.config.id


@dataclass(frozen=True, slots=True)
class Workflow:
    """What a workflow file says, checked."""

    file: Path
    flow: FlowConfig
    fields: Mapping[str, StateField]
    nodes: tuple[WorkflowNode, ...]
    """In the order in which they run."""
    outputs: tuple[str, ...]
    """The state fields that are the result."""
    config: ConfigSection
    graphs: dict[Level, Any] = field(default_factory=dict, repr=False, compare=False)
    """The compiled graph for each level it was run at: LangGraph takes longer to compile a graph
    than to run it."""

    @property
    def name(self) -> str:
        """The workflow's name."""
        return self.flow.name


def node_context(
    node: NodeConfig,
    directory: Path,
    fields: Mapping[str, StateField],
    config: ConfigSection,
    override: LlmConfig | None,
) -> NodeContext:
    """Return what a node type can know of the workflow around a node."""
    own = getattr(node, "llm", None)
    llm = _over(config.llm, own) if isinstance(own, LlmConfig) else config.llm
    llm = _split_model(llm if override is None else _over(llm, override))
    return NodeContext(directory, fields, llm, config.execution)


def _split_model(llm: LlmConfig) -> LlmConfig:
    """Read `model: provider/model` where no provider is named."""
    provider, slash, model = (llm.model or "").partition("/")
    if llm.provider is not None or not slash:
        return llm
    return llm.model_copy(update={"provider": provider, "model": model})


def _over(below: LlmConfig, above: LlmConfig) -> LlmConfig:
    """Lay settings over others; what is the provider's own goes with it."""
    names = set(LlmConfig.model_fields)
    if above.provider not in (None, below.provider):
        names -= {"model", "api_base", "options", "parameters"}
    kept = {name: getattr(below, name) for name in names}
    set_above = {name: getattr(above, name) for name in LlmConfig.model_fields}
    return LlmConfig(
        **kept | {name: value for name, value in set_above.items() if value not in (None, {})}
    )
