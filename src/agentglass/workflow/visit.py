"""One time that a node runs: its inputs, its work, what it writes, and what is recorded of it."""

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from langgraph.config import get_config

from agentglass.errors import NodeError
from agentglass.record import LiveSpan, NoopSpan, get_active_span
from agentglass.record.control_flow import status_of
from agentglass.record.snapshot import restore, snapshot
from agentglass.spans import STATUS_TABLE, Status, names
from agentglass.workflow.guard import guard_work
from agentglass.workflow.node_types import Visit
from agentglass.workflow.run_scope import RunScope, Step, current_run
from agentglass.workflow.state import REDUCERS, StateField, checked_update, map_outputs
from agentglass.workflow.templates import Scope, TemplateError, render
from agentglass.workflow.workflow import WorkflowNode

__all__ = ["NodeFunction", "merged_state", "node_function"]

NodeFunction = Callable[..., Awaitable[dict[str, Any]]]
"""Takes the state, and what nodes returned that some `${...}` names; returns what it writes."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})

_Observer = Callable[[WorkflowNode, Visit, Mapping[str, Any] | None], None]


def node_function(
    node: WorkflowNode,
    fields: Mapping[str, StateField],
    *,
    is_recorded: bool,
    keeps_returned: bool = False,
) -> NodeFunction:
    """Return the function of a node.

    Args:
        node: The node.
        fields: The fields of the state.
        is_recorded: Whether the active span is told what happens.
        keeps_returned: Whether some `${...}` names what the node returns.
    """
    work = guard_work(
        node.config, node.type, node.context, node.type.compile(node.config, node.context)
    )
    observe = _observer(fields) if is_recorded else None

    async def run_node(
        state: dict[str, Any], returned: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        run = current_run.get()
        run.enter(node.id)
        visit = Visit(Scope(state, {}, returned or _NOTHING), run, partial(_path, run, node.id))
        status, update, failure = Status.ERROR, None, None
        started = time.perf_counter()
        try:
            value, update = await _do(node, work, visit, fields)
            status = visit.status or Status.OK
            run.updates.append(update)
            if keeps_returned:
                run.returned[node.id] = _returned(value, update)
            return update
        except BaseException as error:
            status, failure = status_of(error), error
            if STATUS_TABLE[status].is_error and run.failed_node is None:
                run.failed_node = node.id
            raise
        finally:
            milliseconds = (time.perf_counter() - started) * 1000
            run.leave(Step(node.id, status, milliseconds, tuple(visit.calls)), failure)
            if observe is not None:
                observe(node, visit, update)

    return run_node


def merged_state(
    fields: Mapping[str, StateField], before: Mapping[str, Any], update: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the state after a write."""
    merged = dict(before)
    for name, value in update.items():
        reduce = REDUCERS.get(fields[name].reducer)
        merged[name] = value if reduce is None else reduce(before.get(name), value)
    return merged


def _path(run: RunScope, node_id: str) -> str:
    step = get_config().get("metadata", {}).get("langgraph_step", 0)
    return f"{run.path}/{node_id}/{step}"


async def _do(
    node: WorkflowNode,
    work: Callable[[Visit], Awaitable[Any]],
    visit: Visit,
    fields: Mapping[str, StateField],
) -> tuple[Any, dict[str, Any]]:
    try:
        visit.read_inputs(node.config.inputs)
        value = await work(visit)
    except TemplateError as error:
        raise NodeError(node.id, str(error)) from error
    update = map_outputs(node.id, node.config.written_fields(), value)
    return value, checked_update(node.id, fields, update)


def _returned(value: Any, update: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `${node.key}` can name: the keys of what it returned, or `result`."""
    own = dict(value) if isinstance(value, Mapping) else {"result": value}
    return {**own, **update}


def _observer(fields: Mapping[str, StateField]) -> _Observer:
    def observe(node: WorkflowNode, visit: Visit, update: Mapping[str, Any] | None) -> None:
        active = get_active_span()
        if visit.status is not None:
            active.status = visit.status
        resolutions = visit.all_resolutions()
        if resolutions:
            active.set_attribute(names.TEMPLATE_RESOLUTIONS, resolutions)
        if update is None:
            return
        before = visit.scope.state
        merged = _changed_in_place(active, before) | {
            name: REDUCERS[fields[name].reducer](before.get(name), value)
            for name, value in update.items()
            if fields[name].reducer in REDUCERS
        }
        if merged:
            active.set_attribute(names.STATE_MERGED, merged)
        if node.config.attributes:
            after = {**before, **update, **merged}
            scope = Scope(after, visit.scope.inputs, visit.scope.returned)
            for name, template in node.config.attributes.items():
                active.set_attribute(name, _attribute(template, scope))

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
