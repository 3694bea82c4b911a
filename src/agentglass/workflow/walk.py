"""Walks a workflow's graph from its first state to its last."""

import asyncio
from collections.abc import Mapping
from typing import Any

from langgraph.errors import GraphRecursionError

from agentglass.errors import NodeError
from agentglass.spans import Status, names
from agentglass.workflow.compile import compile_workflow
from agentglass.workflow.run_scope import RunScope, current_run
from agentglass.workflow.visit import merged_state
from agentglass.workflow.workflow import Workflow

__all__ = ["Walk", "graph_of"]

_INTERRUPT = "__interrupt__"


class Walk:
    """One way through a workflow.

    Args:
        workflow: The workflow.
        state: What it begins with.
        scope: What its nodes share.
        graph: The compiled workflow.
    """

    def __init__(
        self, workflow: Workflow, state: Mapping[str, Any], scope: RunScope, graph: Any
    ) -> None:
        self._workflow = workflow
        self._scope = scope
        self._graph = graph
        self._first = dict(state)
        self._last: dict[str, Any] | None = None

    @property
    def state(self) -> dict[str, Any]:
        """The last state that is known: after a failure with what nodes wrote that ended before."""
        if self._last is not None:
            return self._last
        state = self._first
        for update in self._scope.updates:
            state = merged_state(self._workflow.fields, state, update)
        return state

    async def go(self, given: Any, config: Mapping[str, Any] | None = None, **options: Any) -> None:
        """Walk to the end, or to where somebody must answer.

        Args:
            given: The state to begin with, a command to go on with, or None to go on.
            config: Of LangGraph.
            options: Of LangGraph's `astream`.

        Raises:
            TimeoutError: It took longer than `config.execution.timeout`.
        """
        limit_s = self._workflow.config.execution.timeout
        token = current_run.set(self._scope)
        deadline = asyncio.timeout(limit_s)
        try:
            async with deadline:
                await self._stream(given, config, options)
        except TimeoutError:
            if not deadline.expired():
                raise
            stopped = (step for step in self._scope.steps if step.status is Status.CANCELLED)
            running = " and ".join(repr(step.node_id) for step in stopped) or "no node"
            raise TimeoutError(
                f"The workflow {self._workflow.name!r} ran longer than {limit_s:g} s "
                f"(config.execution.timeout); running: {running}."
            ) from None
        finally:
            current_run.reset(token)

    async def _stream(
        self, given: Any, config: Mapping[str, Any] | None, options: Mapping[str, Any]
    ) -> None:
        settings = {
            **(config or {}),
            "recursion_limit": self._recursion_limit,
            "metadata": {names.OWNED: True},
        }
        values: Mapping[str, Any] = {}
        try:
            steps = self._graph.astream(given, settings, stream_mode="values", **options)
            async for each in steps:
                values = each
        except GraphRecursionError as error:
            raise NodeError(
                self._scope.steps[-1].node_id if self._scope.steps else "START",
                f"the run did not end after {self._recursion_limit} rounds.",
            ) from error
        if values and _INTERRUPT not in values and not self._scope.questions:
            self._last = {name: values.get(name) for name in self._first}

    @property
    def _recursion_limit(self) -> int:
        """Return a bound that ours, with its better message, is always met before."""
        return 2 * self._workflow.config.execution.max_steps + len(self._workflow.nodes) + 10


def graph_of(workflow: Workflow, *, is_recorded: bool, checkpointer: Any = None) -> Any:
    """Return the compiled workflow; kept with it where it has no checkpointer of its own."""
    key = (is_recorded, checkpointer)
    if not isinstance(checkpointer, bool | None):
        return compile_workflow(workflow, is_recorded=is_recorded, checkpointer=checkpointer)
    if key not in workflow.graphs:
        workflow.graphs[key] = compile_workflow(
            workflow, is_recorded=is_recorded, checkpointer=checkpointer
        )
    return workflow.graphs[key]
