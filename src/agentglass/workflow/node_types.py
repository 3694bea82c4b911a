"""The registry of node types: a name, a config model, and how to compile it to a function."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, cast

from agentglass.errors import MissingExtraError
from agentglass.plugins import EXTRAS, load_plugin, plugin_names
from agentglass.spans import SpanType, Status
from agentglass.workflow.config import ExecutionConfig
from agentglass.workflow.library import Library
from agentglass.workflow.llm_config import LlmConfig
from agentglass.workflow.node_config import NodeConfig
from agentglass.workflow.run_scope import ModelCall, RunScope
from agentglass.workflow.state import StateField
from agentglass.workflow.templates import STATE, Scope, render

__all__ = [
    "NODE_TYPES",
    "Finding",
    "NodeContext",
    "NodeType",
    "NodeWork",
    "Visit",
    "load_node_type",
    "missing_extra",
    "node_type_names",
]

_GROUP = "agentglass.nodes"

NODE_TYPES: Mapping[str, str] = {
    "agent": "agentglass.workflow.nodes.agent:NODE_TYPE",
    "delegate": "agentglass.workflow.nodes.delegate:NODE_TYPE",
    "end": "agentglass.workflow.nodes.end:NODE_TYPE",
    "human": "agentglass.workflow.nodes.human:NODE_TYPE",
    "llm": "agentglass.workflow.nodes.llm:NODE_TYPE",
    "map": "agentglass.workflow.nodes.map:NODE_TYPE",
    "python": "agentglass.workflow.nodes.python:NODE_TYPE",
    "retrieve": "agentglass.workflow.nodes.retrieve:NODE_TYPE",
    "set": "agentglass.workflow.nodes.set:NODE_TYPE",
    "tool": "agentglass.workflow.nodes.tool:NODE_TYPE",
    "wait": "agentglass.workflow.nodes.wait:NODE_TYPE",
    "workflow": "agentglass.workflow.nodes.workflow:NODE_TYPE",
}
"""The types that agentglass brings; others join through the entry-point group
`agentglass.nodes`."""


class Finding(NamedTuple):
    """Something wrong with a node, found by its type."""

    path: tuple[str | int, ...]
    """Below the node, as in `("llm", "provider")`."""
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class NodeContext:
    """What a node type can know of the workflow around a node."""

    fields: Mapping[str, StateField]
    """The state fields, as far as they could be read."""
    llm: LlmConfig
    """The model settings that apply to the node."""
    execution: ExecutionConfig
    library: Library
    """The tools, agents and teams of the workflow."""

    @property
    def directory(self) -> Path:
        """Where the workflow file is."""
        return self.library.directory


@dataclass(slots=True)
class Visit:
    """One time that a node runs."""

    scope: Scope
    run: RunScope
    find_path: Callable[[], str] = str
    """Gives `path`; finding it takes a while, and few nodes ask for it."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """The node's own inputs, filled in; the scope may name more."""
    is_item: bool = False
    """Whether it is one of several that run at once inside one node."""
    status: Status | None = None
    """How it ended, where that is not simply `ok`."""
    resolutions: dict[str, Any] = field(default_factory=dict)
    """What the templates of the node's own keys stood for, by expression."""
    input_resolutions: dict[str, Any] = field(default_factory=dict)
    """What those of its `inputs` stood for."""
    calls: list[ModelCall] = field(default_factory=list)
    delegations: int = 0
    """How often work was handed to an agent or a team."""

    @property
    def path(self) -> str:
        """Which step of the run it is; the same when the step is taken again in another process."""
        return self.find_path()

    def read_inputs(self, inputs: Mapping[str, Any]) -> None:
        """Fill in the node's inputs; its other templates see them.

        Raises:
            TemplateError: A template leads nowhere.
        """
        if inputs:
            self.inputs = render(inputs, self.scope, self.input_resolutions)
            self.scope = self.scope.with_inputs(self.inputs)

    def all_resolutions(self) -> dict[str, Any]:
        """Return both; `{x}` is written `{state.x}` where an input gave it another meaning."""
        merged = dict(self.resolutions)
        for text, value in self.input_resolutions.items():
            is_shadowed = text in merged and merged[text] != value
            merged[f"{{{STATE}.{text[1:]}" if is_shadowed else text] = value
        return merged


NodeWork = Callable[[Visit], Awaitable[Any]]
"""Does a node's work: the value that it returns is mapped to the node's outputs."""


def _is_not(config: NodeConfig, context: NodeContext) -> bool:
    return False


def _nothing_to_check(config: NodeConfig, context: NodeContext) -> Iterable[Finding]:
    return ()


@dataclass(frozen=True, slots=True)
class NodeType:
    """A kind of node."""

    config_model: type[NodeConfig]
    compile: Callable[[Any, NodeContext], NodeWork]
    """Takes a `config_model` and what is around it."""
    check: Callable[[Any, NodeContext], Iterable[Finding]] = _nothing_to_check
    """Finds what is wrong with a node beyond the shape of its keys."""
    needs_extra: str | None = None
    """The extra of agentglass without which the type cannot run."""
    span_type: str = SpanType.NODE
    """What the span of such a node is."""
    is_durable: Callable[[Any, NodeContext], bool] = _is_not
    """Whether a run may stop here and go on later, so that its state must be kept."""
    reads_state: Callable[[Any, NodeContext], bool] = _is_not
    """Whether its work depends on more of the state than its templates name."""


def load_node_type(name: str) -> NodeType:
    """Return the type of that name.

    Raises:
        OptionError: Nobody registered the name.
        MissingExtraError: Its library is not installed.
    """
    return cast("NodeType", load_plugin("node type", name, _GROUP, NODE_TYPES))


def node_type_names() -> list[str]:
    """Return the names of all node types, sorted."""
    return plugin_names(_GROUP, NODE_TYPES)


def missing_extra(name: str, node_type: NodeType) -> MissingExtraError | None:
    """Return the error that running a node of the type would end in, without importing anything."""
    modules = [module for module, extra in EXTRAS.items() if extra == node_type.needs_extra]
    absent = next((module for module in modules if find_spec(module) is None), None)
    if absent is None or node_type.needs_extra is None:
        return None
    return MissingExtraError(f"The {name!r} node", node_type.needs_extra, absent)
