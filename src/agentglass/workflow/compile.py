"""Compiles a workflow to a LangGraph graph; what is recorded is decided here, by level."""

from collections.abc import Hashable, Iterable
from functools import partial
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END as GRAPH_END
from langgraph.graph import START as GRAPH_START
from langgraph.graph import StateGraph
from langgraph.graph.state import CompiledStateGraph

from agentglass.errors import GraphBuildError
from agentglass.record import traced_node
from agentglass.spans import names
from agentglass.workflow.edges import END, START
from agentglass.workflow.graph import find_forks
from agentglass.workflow.state import REDUCERS
from agentglass.workflow.steering import LOOPS, RETURNED, Steering, needs_steering, router
from agentglass.workflow.templates import templates_in
from agentglass.workflow.visit import NodeFunction, node_function
from agentglass.workflow.wiring import Wiring
from agentglass.workflow.workflow import Workflow, WorkflowNode

__all__ = ["compile_workflow"]


def compile_workflow(
    workflow: Workflow,
    *,
    is_recorded: bool = True,
    checkpointer: BaseCheckpointSaver[Any] | bool | None = None,
) -> CompiledStateGraph[Any]:
    """Compile a workflow.

    The graph's nodes are async and read `run_scope.current_run`, which `agentglass.workflow.walk`
    sets. Where nothing is recorded they are the functions themselves; otherwise each one is wrapped
    here, so that no node can escape the record.

    Args:
        workflow: The workflow.
        is_recorded: Whether a run of the graph is recorded.
        checkpointer: LangGraph's; None takes that of the graph around it, False has none.

    Raises:
        GraphBuildError: LangGraph does not take the graph.
    """
    try:
        return _Builder(workflow, is_recorded).compile(checkpointer)
    except (ValueError, TypeError) as error:
        raise GraphBuildError(workflow.name, str(error)) from error


class _Builder:
    """A graph while it is put together."""

    def __init__(self, workflow: Workflow, is_recorded: bool) -> None:
        self._workflow = workflow
        self._is_recorded = is_recorded
        self._fields = workflow.fields
        forks = find_forks(workflow.graph)
        self._wiring = Wiring(workflow.graph, forks)
        self._places = {node.id: place for place, node in enumerate(workflow.nodes) if forks}
        self._named = _nodes_in_templates(workflow)
        self._has_loops = any(edge.loop for edge in workflow.graph.edges.values())
        self._graph: StateGraph[Any] = StateGraph(self._state_type())

    def compile(
        self, checkpointer: BaseCheckpointSaver[Any] | bool | None
    ) -> CompiledStateGraph[Any]:
        for node in self._workflow.nodes:
            self._graph.add_node(self._name(node.id), self._function(node))
        pass_on: Any = _pass_on
        for name in self._wiring.passes:
            self._graph.add_node(name, pass_on)
        entry = self._workflow.graph.edges[START]
        if entry.routes is not None:
            ways: dict[Hashable, str] = {name: self._name(name) for name in entry.targets()}
            self._graph.add_conditional_edges(GRAPH_START, router(entry), ways)
        for source, targets in self._wiring.static.items():
            for target in targets:
                self._graph.add_edge(self._name(source), self._name(target))
        for sources, target in self._wiring.barriers:
            self._graph.add_edge([self._name(name) for name in sources], self._name(target))
        for node in self._workflow.nodes:
            if node.id not in self._workflow.graph.edges and not self._wiring.decides(node.id):
                self._graph.add_edge(self._name(node.id), GRAPH_END)
        return self._graph.compile(name=self._workflow.name, checkpointer=checkpointer)

    def _function(self, node: WorkflowNode) -> Any:
        """Return what the graph calls for a node: the bare function where nothing is around it."""
        keeps_returned = node.id in self._named
        function = node_function(
            node,
            self._fields,
            is_recorded=self._is_recorded,
            keeps_returned=keeps_returned,
        )
        if self._is_recorded:
            function = _traced(node, function)
        decides = self._wiring.decides(node.id)
        hides = bool(self._named) or self._has_loops
        if not (decides or hides or needs_steering(node.config)):
            return function
        return Steering(
            node,
            function,
            self._fields,
            self._workflow.graph.edges.get(node.id),
            decides=decides,
            way=partial(self._way, node.id),
            loops_left=partial(self._workflow.graph.loops_left, node.id),
        )

    def _way(self, source: str, target: str) -> str:
        return self._name(self._wiring.way(source, target))

    def _name(self, node_id: str) -> str:
        """Return a node's name in the graph, where nodes and state fields share one namespace.

        LangGraph joins what nodes write at the same step in the order of their names, so that names
        of branches begin with their place.
        """
        ends = {START: GRAPH_START, END: GRAPH_END}
        if node_id in ends:
            return ends[node_id]
        if node_id in self._places:
            return f"{self._places[node_id]:04}.{node_id}"
        return f"{node_id}.node" if node_id in self._fields else node_id

    def _state_type(self) -> Any:
        annotations: dict[str, Any] = {}
        for name, field in self._fields.items():
            reduce = REDUCERS.get(field.reducer)
            annotations[name] = Any if reduce is None else Annotated[Any, reduce]
        for name, is_needed in ((LOOPS, self._has_loops), (RETURNED, bool(self._named))):
            if is_needed:
                annotations[name] = Annotated[Any, REDUCERS["merge"]]
        return TypedDict("State", annotations, total=False)  # type: ignore[operator]


def _traced(node: WorkflowNode, function: NodeFunction) -> Any:
    return traced_node(
        node.config.display_name,
        function,
        type=node.type.span_type,
        attributes={names.NODE_ID: node.id, names.NODE_TYPE: node.config.type},
    )


def _nodes_in_templates(workflow: Workflow) -> set[str]:
    """Return the nodes that some `${...}` names."""
    ids = {node.id for node in workflow.nodes}
    return {name for name in _names_of_nodes(workflow) if name in ids}


def _names_of_nodes(workflow: Workflow) -> Iterable[str]:
    for node in workflow.nodes:
        for text in node.config.templates():
            for _, expression in templates_in(text.value):
                if expression.names_nodes:
                    yield expression.root
    for condition in workflow.conditions():
        for path in condition.paths.values():
            if path.names_nodes:
                yield path.root


async def _pass_on(state: dict[str, Any]) -> dict[str, Any]:
    """Do nothing: the node is a place where branches wait for each other."""
    return {}
