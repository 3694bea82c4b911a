"""What is around a node in the graph: whether it runs, what its failure means, where it goes on."""

from collections.abc import Callable, Mapping
from typing import Any

from langgraph.errors import GraphBubbleUp
from langgraph.types import Command

from agentglass.errors import NodeError
from agentglass.record import add_event, span
from agentglass.spans import SpanType, names
from agentglass.workflow.conditions import Condition, ConditionError, parse_condition
from agentglass.workflow.edges import EdgeConfig, LoopConfig, RouteConfig
from agentglass.workflow.node_config import NodeConfig
from agentglass.workflow.run_scope import NodeFailure, RunScope, current_run
from agentglass.workflow.state import StateField, checked_update
from agentglass.workflow.templates import Scope
from agentglass.workflow.visit import NodeFunction, merged_state
from agentglass.workflow.workflow import WorkflowNode

__all__ = ["LOOPS", "RETURNED", "Hidden", "Steering", "needs_steering", "router"]

LOOPS, RETURNED = "agentglass.loops", "agentglass.returned"
"""The parts of the graph's state that no node sees: rounds of loops, what nodes returned."""

Hidden = (LOOPS, RETURNED)

_Decide = Callable[[Scope, Mapping[str, int]], tuple[tuple[str, ...], dict[str, int]]]
"""Takes the state and the rounds so far; gives the next nodes, and the rounds that have changed."""


class Steering:
    """The function that the graph calls for a node which does not simply run.

    Args:
        node: The node.
        function: Its function, recorded or not.
        fields: The fields of the state.
        edge: What follows the node.
        decides: Whether the node says where to go.
        way: Where it really goes when it decides to go somewhere.
        loops_left: The loops that are over once it goes there.
    """

    def __init__(
        self,
        node: WorkflowNode,
        function: NodeFunction,
        fields: Mapping[str, StateField],
        edge: EdgeConfig | None,
        *,
        decides: bool,
        way: Callable[[str], str],
        loops_left: Callable[[str], list[str]],
    ) -> None:
        self._node = node
        self._function = function
        self._fields = fields
        self._edge = edge
        self._way = way
        self._loops_left = loops_left
        self._when = _condition(node.config.when)
        self._decide = _decider(node.id, edge) if decides else None

    async def __call__(self, state: dict[str, Any]) -> Any:
        """Run the node, or pass it over."""
        hidden = {name: state.get(name) or {} for name in Hidden}
        seen = {name: value for name, value in state.items() if name not in Hidden}
        run = current_run.get()
        scope = Scope(seen, {}, hidden[RETURNED])
        if self._when is not None and not self._holds(self._when, scope):
            add_event("node.skipped", {"node": self._node.id, "when": self._when.text})
            run.emit("node_skipped", node=self._node.id)
            return self._go_on(scope, {}, hidden)
        try:
            update = dict(await self._function(seen, hidden[RETURNED]))
        except GraphBubbleUp:
            raise
        except Exception as error:
            if self._node.config.on_error.to == "fail" or run.is_exhausted:
                raise
            return self._recover(scope, run, error, hidden)
        returned = run.returned.pop(self._node.id, None)
        if returned is not None:
            hidden[RETURNED] = {self._node.id: returned}
            scope = Scope(seen, {}, {**scope.returned, self._node.id: returned})
            return self._go_on(scope, update, hidden, {RETURNED: hidden[RETURNED]})
        return self._go_on(scope, update, hidden)

    def _holds(self, condition: Condition, scope: Scope) -> bool:
        try:
            return condition.holds(scope)
        except ConditionError as error:
            config = self._node.config
            attributes = {names.NODE_ID: config.id, names.NODE_TYPE: config.type}
            with span(config.display_name, type=SpanType.NODE, attributes=attributes):
                current_run.get().failed_node = config.id
                raise NodeError(config.id, f"{error} (when)") from error

    def _recover(
        self, scope: Scope, run: RunScope, error: Exception, hidden: Mapping[str, Any]
    ) -> Any:
        policy = self._node.config.on_error
        failure = NodeFailure(self._node.id, error)
        run.forgive(failure)
        update: dict[str, Any] = {}
        if policy.into is not None:
            value = failure.value_for(self._fields[policy.into])
            update = checked_update(self._node.id, self._fields, {policy.into: value})
            run.updates.append(update)
        if policy.to == "continue":
            return self._go_on(scope, update, hidden)
        add_event("handled", {"from": self._node.id, "to": policy.to})
        return self._go_to((policy.to,), update, {}, hidden)

    def _go_on(
        self,
        scope: Scope,
        update: dict[str, Any],
        hidden: Mapping[str, Any],
        more: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return what the node writes and, where it decides, where it goes."""
        written = {**update, **(more or {})}
        if self._decide is None:
            return written
        after = Scope(merged_state(self._fields, scope.state, update), {}, scope.returned)
        try:
            targets, rounds = self._decide(after, hidden[LOOPS])
        except NodeError:
            current_run.get().failed_node = self._node.id
            raise
        except ConditionError as error:
            current_run.get().failed_node = self._node.id
            raise NodeError(self._node.id, f"{error} (the edge that leaves it)") from error
        return self._go_to(targets, written, rounds, hidden)

    def _go_to(
        self,
        targets: tuple[str, ...],
        update: Mapping[str, Any],
        rounds: Mapping[str, int],
        hidden: Mapping[str, Any],
    ) -> Any:
        """Say where it goes on; a loop that is left on the way begins anew when it is entered again."""
        left = [name for target in targets for name in self._loops_left(target)]
        over = {name: 0 for name in left if hidden[LOOPS].get(name)}
        counted = {**over, **rounds}
        written = {**update, LOOPS: counted} if counted else dict(update)
        return Command(update=written, goto=[self._way(target) for target in targets])


def router(edge: EdgeConfig) -> Callable[[dict[str, Any]], str]:
    """Return what decides where a run begins, for the routes that leave START."""
    decide = _decider("START", edge)

    def begin(state: dict[str, Any]) -> str:
        try:
            return decide(Scope(state, {}), {})[0][0]
        except ConditionError as error:
            raise NodeError("START", str(error)) from error

    return begin


def _decider(name: str, edge: EdgeConfig | None) -> _Decide:
    if edge is not None and edge.routes is not None:
        return _routes(name, edge.routes, edge.default)
    if edge is not None and edge.loop is not None:
        return _loop(name, edge.loop)
    targets = ("END",) if edge is None else edge.targets()
    return lambda scope, rounds: (targets, {})


def _routes(name: str, routes: list[RouteConfig], default: str | None) -> _Decide:
    known = [(parse_condition(route.condition), route.to) for route in routes]

    def decide(scope: Scope, rounds: Mapping[str, int]) -> tuple[tuple[str, ...], dict[str, int]]:
        for condition, target in known:
            if condition.holds(scope):
                add_event("route", {"from": name, "to": target, "condition": condition.text})
                return (target,), {}
        if default is None:
            texts = ", ".join(repr(condition.text) for condition, _ in known)
            raise NodeError(
                name, f"no route that leaves it fits: {texts}. Add a `default` to the edge."
            )
        add_event("route", {"from": name, "to": default, "condition": "default"})
        return (default,), {}

    return decide


def _loop(name: str, loop: LoopConfig) -> _Decide:
    condition = _condition(loop.condition)
    done = _condition(loop.condition_field)

    def decide(scope: Scope, rounds: Mapping[str, int]) -> tuple[tuple[str, ...], dict[str, int]]:
        count = rounds.get(name, 0) + 1
        wants_more = (condition is None or condition.holds(scope)) and not (
            done is not None and done.holds(scope)
        )
        goes_on = wants_more and count < loop.max_iterations
        target = (loop.to or name) if goes_on else loop.exit_to
        facts = {"from": name, "to": target, "round": count, "of": loop.max_iterations}
        has_an_end = condition is not None or done is not None
        is_exhausted = wants_more and not goes_on and has_an_end
        add_event("loop", {**facts, "exhausted": True} if is_exhausted else facts)
        return (target,), {name: count if goes_on else 0}

    return decide


def _condition(text: str | None) -> Condition | None:
    return None if text is None else parse_condition(text)


def needs_steering(config: NodeConfig) -> bool:
    """Tell whether a node may be passed over, or its failure survived."""
    return config.when is not None or config.on_error.to != "fail"
