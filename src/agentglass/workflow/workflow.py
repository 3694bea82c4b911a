"""A validated workflow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentglass.workflow.conditions import Condition, parse_condition
from agentglass.workflow.config import ConfigSection, ExecutionConfig, FlowConfig
from agentglass.workflow.graph import Graph
from agentglass.workflow.library import Library
from agentglass.workflow.llm_config import LlmConfig
from agentglass.workflow.node_config import NodeConfig
from agentglass.workflow.node_types import NodeContext, NodeType
from agentglass.workflow.state import StateField

__all__ = ["Workflow", "WorkflowNode", "context_for", "node_context"]


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
    """Each before those that it leads to, ways back aside."""
    graph: Graph
    """What follows what."""
    outputs: tuple[str, ...]
    """The state fields that are the result."""
    config: ConfigSection
    digest: str = ""
    """Of the file's text, to notice that it has changed since a run began."""
    graphs: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)
    """The compiled graphs: LangGraph takes longer to compile a graph than to run it."""

    @property
    def name(self) -> str:
        """The workflow's name."""
        return self.flow.name

    def conditions(self) -> list[Condition]:
        """Return every condition of its nodes and edges."""
        texts = [text.value for node in self.nodes for text in node.config.conditions()]
        for edge in self.graph.edges.values():
            texts += edge.conditions()
        return [parse_condition(text) for text in texts]

    @property
    def is_durable(self) -> bool:
        """Whether a run of it can go on in another process."""
        wanted = self.config.execution.durable
        return self.must_be_durable if wanted is None else wanted

    @property
    def must_be_durable(self) -> bool:
        """Whether some node may stop a run, or must not be done twice."""
        return any(
            node.config.idempotency is not None or node.type.is_durable(node.config, node.context)
            for node in self.nodes
        )


def node_context(
    node: NodeConfig,
    fields: Mapping[str, StateField],
    execution: ExecutionConfig,
    library: Library,
) -> NodeContext:
    """Return what a node type can know of the workflow around a node."""
    own = getattr(node, "llm", None)
    llm = library.llm_for(own if isinstance(own, LlmConfig) else LlmConfig())
    return NodeContext(fields, llm, execution, library)


def context_for(node: NodeConfig, around: NodeContext) -> NodeContext:
    """Return what a node type can know around a node that stands inside another."""
    return node_context(node, around.fields, around.execution, around.library)
