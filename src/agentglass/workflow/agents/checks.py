"""What must hold of an agent's settings."""

from collections.abc import Iterable

from agentglass.errors import ToolError, did_you_mean
from agentglass.workflow.agent_config import AgentSettings
from agentglass.workflow.agents.toolbox import load_named_tool
from agentglass.workflow.conditions import ConditionError, parse_condition
from agentglass.workflow.library import Library
from agentglass.workflow.node_types import Finding

__all__ = ["check_delegate", "check_settings", "check_stop", "check_tool"]


def check_settings(settings: AgentSettings, library: Library) -> Iterable[Finding]:
    """Find what is wrong with an agent's tools and delegates."""
    for index, tool in enumerate(settings.tools):
        yield from check_tool(tool.name, library, ("tools", index))
    for index, name in enumerate(settings.delegates):
        yield from check_delegate(name, library, ("delegates", index))
    yield from _check_offered(settings)


def check_stop(settings: AgentSettings) -> Iterable[Finding]:
    """Find whether the stop condition of an agent that is no node can be read."""
    if settings.stop.condition is not None:
        try:
            parse_condition(settings.stop.condition)
        except ConditionError as error:
            yield Finding(("stop", "condition"), "condition", str(error))


def check_tool(name: str, library: Library, path: tuple[str | int, ...]) -> Iterable[Finding]:
    """Find what is wrong with a tool that is named: by `tools`, or by its path."""
    if name not in library.tools and ":" not in name:
        message = (
            f"There is no tool {name!r}.{did_you_mean(name, library.tools)} "
            f"Tools of this file: {', '.join(library.tools) or 'none'}. A function is named by its "
            "path, as in tools:search."
        )
        yield Finding(path, "unknown-tool", message)
        return
    try:
        load_named_tool(name, library)
    except ToolError as error:
        yield Finding(path, "tool", str(error))


def check_delegate(name: str, library: Library, path: tuple[str | int, ...]) -> Iterable[Finding]:
    """Find whether an agent or team is declared."""
    known = library.delegates
    if name not in known:
        message = (
            f"There is no agent or team {name!r}.{did_you_mean(name, known)} "
            f"Declared: {', '.join(known) or 'none'}."
        )
        yield Finding(path, "unknown-agent", message)


def _check_offered(settings: AgentSettings) -> Iterable[Finding]:
    """Find tools that its model cannot tell apart, and tools to stop after that it does not have."""
    tools = [_short_name(tool.name) for tool in settings.tools]
    delegates = [f"consult_{name}" for name in settings.delegates]
    offered = [*tools, *delegates]
    places = [("tools", index) for index in range(len(tools))]
    places += [("delegates", index) for index in range(len(delegates))]
    for number, (name, place) in enumerate(zip(offered, places, strict=True)):
        if name in offered[:number]:
            message = (
                f"The agent has another tool {name!r}; give one of them another name in `tools`."
            )
            yield Finding(place, "duplicate", message)
    for index, name in enumerate(settings.stop.tools):
        if name not in offered:
            message = (
                f"The agent has no tool {name!r} to stop after.{did_you_mean(name, offered)} "
                f"Its tools: {', '.join(offered) or 'none'}."
            )
            yield Finding(("stop", "tools", index), "unknown-tool", message)


def _short_name(name: str) -> str:
    """Return what a model calls a tool that is named by its path."""
    return name.rpartition(":")[2].rpartition(".")[2]
