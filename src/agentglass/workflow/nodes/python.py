"""The `python` node: calls a trusted function by its import path."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any, Literal

from agentglass.workflow.callables import CallableError, load_callable
from agentglass.workflow.calling import call_function
from agentglass.workflow.node_config import NodeConfig
from agentglass.workflow.node_types import Finding, NodeContext, NodeType, NodeWork, Visit
from agentglass.workflow.templates import STATE

__all__ = ["NODE_TYPE", "PythonNode"]


class PythonNode(NodeConfig):
    """Calls a function with the node's inputs; one with a `state` parameter gets the state too."""

    type: Literal["python"]
    callable: str
    """As in `steps.measure:count_words`; modules beside the workflow file are found."""


def _compile(config: PythonNode, context: NodeContext) -> NodeWork:
    function = load_callable(config.callable, context.directory)
    wants_state = _reads_state(config, context)

    async def work(visit: Visit) -> Any:
        arguments = dict(visit.inputs)
        if wants_state:
            arguments[STATE] = dict(visit.scope.state)
        return await call_function(function, arguments)

    return work


def _check(config: PythonNode, context: NodeContext) -> Iterable[Finding]:
    try:
        function = load_callable(config.callable, context.directory)
    except CallableError as error:
        yield Finding(("callable",), "callable", str(error))
        return
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    arguments = dict.fromkeys(config.inputs)
    if STATE in signature.parameters:
        arguments[STATE] = None
    try:
        signature.bind(**arguments)
    except TypeError as error:
        place = "inputs" if config.inputs else "callable"
        message = (
            f"{config.callable!r} cannot be called with the inputs of this node: {error}. "
            f"Its parameters: {signature}."
        )
        yield Finding((place,), "arguments", message)


def _parameters(function: Callable[..., Any]) -> Iterable[str]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return ()


def _reads_state(config: PythonNode, context: NodeContext) -> bool:
    parameters = _parameters(load_callable(config.callable, context.directory))
    return STATE in parameters and STATE not in config.inputs


NODE_TYPE = NodeType(PythonNode, _compile, _check, needs_extra="run", reads_state=_reads_state)
