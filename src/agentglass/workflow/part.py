"""Runs a workflow as a part of another run: in its trace, with a state of its own."""

from collections.abc import Mapping
from typing import Any

from agentglass.record import trace
from agentglass.record.api import is_off
from agentglass.spans import SpanType, Status, names
from agentglass.workflow.node_types import Visit
from agentglass.workflow.run_scope import RunScope
from agentglass.workflow.state import initial_state
from agentglass.workflow.walk import Walk, graph_of
from agentglass.workflow.workflow import Workflow

__all__ = ["run_part"]


async def run_part(part: Workflow, inputs: Mapping[str, Any], visit: Visit) -> dict[str, Any]:
    """Run a workflow inside a visit of a node, and return its last state.

    Raises:
        InputError: The inputs do not fit the workflow.
    """
    above = visit.run
    scope = RunScope(
        part.name,
        run_id=above.run_id,
        max_steps=part.config.execution.max_steps,
        above=above,
        path=visit.path,
    )
    state = initial_state(part.fields, inputs)
    # Items of a map run at once in one node, where LangGraph can keep the state of only one of them.
    graph = graph_of(part, is_recorded=not is_off(), checkpointer=False if visit.is_item else None)
    walk = Walk(part, state, scope, graph)
    attributes = {names.WORKFLOW_NAME: part.name, names.WORKFLOW_NODES_TOTAL: len(part.nodes)}
    with trace(
        part.name, type=SpanType.WORKFLOW, input=dict(inputs), attributes=attributes
    ) as active:
        try:
            await walk.go(state)
        finally:
            visit.calls += [call for step in scope.steps for call in step.calls]
            above.failures += scope.failures
        result = walk.state
        active.output = {name: result[name] for name in part.outputs}
        if scope.failures:
            active.status = Status.DEGRADED
        return result
