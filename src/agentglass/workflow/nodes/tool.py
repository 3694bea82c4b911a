"""The `tool` node: calls one tool with arguments from the state."""

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from pydantic import Field

from agentglass.workflow.agents import load_named_tool
from agentglass.workflow.agents.checks import check_tool
from agentglass.workflow.node_config import NodeConfig
from agentglass.workflow.node_types import Finding, NodeContext, NodeType, NodeWork, Visit
from agentglass.workflow.templates import render

__all__ = ["NODE_TYPE", "ToolNode"]


class ToolNode(NodeConfig):
    """Calls a tool."""

    template_keys: ClassVar[tuple[str, ...]] = ("arguments",)

    type: Literal["tool"]
    tool: str
    """A name of `tools`, or a function's path."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Name -> template; checked against the function's signature."""


def _compile(config: ToolNode, context: NodeContext) -> NodeWork:
    tool = load_named_tool(config.tool, context.library)

    async def work(visit: Visit) -> Any:
        arguments = render(config.arguments, visit.scope, visit.resolutions)
        return await tool.call(arguments, state=visit.scope.state)

    return work


def _check(config: ToolNode, context: NodeContext) -> Iterable[Finding]:
    findings = list(check_tool(config.tool, context.library, ("tool",)))
    yield from findings
    if findings:
        return
    schema = load_named_tool(config.tool, context.library).schema
    known, needed = schema.get("properties", {}), schema.get("required", ())
    takes_any = schema.get("additionalProperties", False) is not False
    unknown = [name for name in config.arguments if name not in known and not takes_any]
    missing = [name for name in needed if name not in config.arguments]
    for name in unknown:
        message = (
            f"The tool {config.tool!r} has no argument {name!r}. "
            f"Arguments: {', '.join(known) or 'none'}."
        )
        yield Finding(("arguments", name), "arguments", message)
    if missing:
        message = f"The tool {config.tool!r} needs {', '.join(missing)}."
        yield Finding(("arguments",), "arguments", message)


NODE_TYPE = NodeType(ToolNode, _compile, _check, needs_extra="run")
