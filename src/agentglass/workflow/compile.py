"""Compiles a workflow to a LangGraph graph; what is recorded is decided here, by level."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from agentglass.errors import NodeError
from agentglass.record import (
    LiveSpan,
    NoopSpan,
    get_active_span,
    traced_node,
)
from agentglass.record.control_flow import status_of
from agentglass.record.snapshot import restore, snapshot
from agentglass.spans import Level, Status, names
from agentglass.workflow.node_types import NodeWork, Visit
from agentglass.workflow.run_scope import Step, current_run
from agentglass.workflow.state import REDUCERS, StateField, checked_update, map_outputs
from agentglass.workflow.templates import Scope, TemplateError, render
from agentglass.workflow.workflow import Workflow, WorkflowNode

__all__ = ["compile_workflow"]

NodeFunction = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
Observer = Callable[[WorkflowNode, Mapping[str, Any], Visit, Mapping[str, Any] | None], None]


def compile_workflow(workflow: Workflow, level: Level = "trace") -> CompiledStateGraph[Any]:
    """Compile a workflow.

    The graph's nodes are async and read `run_scope.current_run`, which `agentglass.workflow.run`
    sets. At level `off` they are the functions themselves; otherwise each one is wrapped here, so
    that no node can escape the record.
    """
    fields = workflow.fields
    graph: StateGraph[Any] = StateGraph(_state_type(fields))
    names_in_graph = {node.id: _graph_name(node.id, fields) for node in workflow.nodes}
    previous = START
    for node in workflow.nodes:
        name = names_in_graph[node.id]
        graph.add_node(name, _node_function(node, fields, level))
        graph.add_edge(previous, name)
        previous = name
    graph.add_edge(previous, END)
    return graph.compile(name=workflow.name)


def _state_type(fields: Mapping[str, StateField]) -> Any:
    annotations: dict[str, Any] = {}
    for name, field in fields.items():
        reduce = REDUCERS.get(field.reducer)
        annotations[name] = Any if reduce is None else Annotated[Any, reduce]
    return TypedDict("State", annotations, total=False)  # type: ignore[operator]


def _graph_name(node_id: str, fields: Mapping[str, StateField]) -> str:
    """Return a node's name in the graph, where nodes and state fields share one namespace."""
    return f"{node_id}.node" if node_id in fields else node_id


def _node_function(node: WorkflowNode, fields: Mapping[str, StateField], level: Level) -> Any:
    work = node.type.compile(node.config, node.context)
    if level == "off":
        return _plain_function(node, work, fields, None)
    return traced_node(
        node.config.display_name,
        _plain_function(node, work, fields, _observer(fields)),
        attributes={names.NODE_ID: node.id, names.NODE_TYPE: node.config.type},
    )


def _plain_function(
    node: WorkflowNode, work: NodeWork, fields: Mapping[str, StateField], observe: Observer | None
) -> NodeFunction:
    async def run_node(state: dict[str, Any]) -> dict[str, Any]:
        run = current_run.get()
        run.active_node = node.id
        visit = Visit(Scope(state, {}), run)
        status, update = Status.ERROR, None
        started = time.perf_counter()
        try:
            update = await _do(node, work, visit, fields)
            status = Status.OK
            return update
        except BaseException as error:
            status = status_of(error)
            raise
        finally:
            milliseconds = (time.perf_counter() - started) * 1000
            run.steps.append(Step(node.id, status, milliseconds, tuple(visit.calls)))
            if observe is not None:
                observe(node, state, visit, update)

    return run_node


async def _do(
    node: WorkflowNode, work: NodeWork, visit: Visit, fields: Mapping[str, StateField]
) -> dict[str, Any]:
    try:
        inputs = render(node.config.inputs, visit.scope, visit.input_resolutions)
        visit.scope = Scope(visit.scope.state, inputs)
        value = await work(visit)
    except TemplateError as error:
        raise NodeError(node.id, str(error)) from error
    return checked_update(
        node.id, fields, map_outputs(node.id, node.config.written_fields(), value)
    )


def _observer(fields: Mapping[str, StateField]) -> Observer:
    def observe(
        node: WorkflowNode,
        before: Mapping[str, Any],
        visit: Visit,
        update: Mapping[str, Any] | None,
    ) -> None:
        active = get_active_span()
        resolutions = visit.all_resolutions()
        if resolutions:
            active.set_attribute(names.TEMPLATE_RESOLUTIONS, resolutions)
        if update is None:
            return
        merged = _changed_in_place(active, before) | {
            name: REDUCERS[fields[name].reducer](before.get(name), value)
            for name, value in update.items()
            if fields[name].reducer in REDUCERS
        }
        if merged:
            active.set_attribute(names.STATE_MERGED, merged)
        after = Scope({**before, **update, **merged}, visit.scope.inputs)
        for name, template in node.config.attributes.items():
            active.set_attribute(name, _attribute(template, after))

    return observe


def _attribute(template: Any, scope: Scope) -> Any:
    """Fill in a template of the record, which must not fail the run that it describes."""
    try:
        return render(template, scope, {})
    except TemplateError as error:
        return f"<{error}>"


def _changed_in_place(active: LiveSpan | NoopSpan, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that the node has changed without saying so, by altering what they hold."""
    before = active.input
    if not isinstance(before, dict):
        return {}
    return {
        name: value
        for name, value in state.items()
        if name in before
        and not isinstance(value, str | int | float | None)
        and restore(snapshot(value)) != before[name]
    }
