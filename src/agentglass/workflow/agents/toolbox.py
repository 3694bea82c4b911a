"""The tools of an agent: functions, and other agents that it may consult."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agentglass.errors import BudgetExceededError, ToolError, error_text
from agentglass.models.port import Message, Tool, ToolCall
from agentglass.record import span
from agentglass.record.control_flow import status_of
from agentglass.spans import STATUS_TABLE, SpanType, names
from agentglass.workflow.agent_config import AgentSettings
from agentglass.workflow.library import Library
from agentglass.workflow.signs_of_life import keep_alive
from agentglass.workflow.templates import as_text
from agentglass.workflow.tools import WorkflowTool, load_tool

__all__ = ["ToolOutcome", "Toolbox", "load_named_tool", "load_tools"]


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """What came of a call that a model asked for."""

    call: ToolCall
    value: Any = None
    error: str | None = None

    def message(self) -> Message:
        """Return what the model is told."""
        told = {"error": self.error} if self.error is not None else self.value
        return Message("tool", as_text(told), tool_call_id=self.call.id)


@dataclass(slots=True)
class Toolbox:
    """What an agent may call, by name; nothing else is called, whatever its model asks for."""

    tools: Mapping[str, WorkflowTool] = field(default_factory=dict)
    strict: frozenset[str] = frozenset()
    """The tools whose failure fails the agent."""

    def definitions(self) -> tuple[Tool, ...]:
        """Return what the model is told of the tools."""
        return tuple(tool.definition() for tool in self.tools.values())

    async def call(self, call: ToolCall, state: Mapping[str, Any]) -> ToolOutcome:
        """Call a tool; a failure is an outcome, unless the tool is strict or the run must end."""
        tool = self.tools.get(call.name)
        try:
            if tool is None:
                self._refuse(call)
            else:
                return ToolOutcome(
                    call, await tool.call(call.arguments, state=state, call_id=call.id)
                )
        except Exception as error:
            if call.name in self.strict or not _can_be_told(error):
                raise
            return ToolOutcome(call, error=error_text(error))
        finally:
            keep_alive()
        raise AssertionError("a call is refused or made")

    def _refuse(self, call: ToolCall) -> None:
        """Record a call that is not allowed."""
        attributes = {names.TOOL_NAME: call.name}
        with span(call.name, type=SpanType.TOOL, input=call.arguments, attributes=attributes):
            allowed = ", ".join(self.tools) or "none"
            raise ToolError(call.name, f"there is no such tool here. Tools: {allowed}.")


def _can_be_told(error: Exception) -> bool:
    """Tell whether a model may go on after it; a spent budget ends the run, an interrupt stops it."""
    return STATUS_TABLE[status_of(error)].is_error and not isinstance(error, BudgetExceededError)


def load_named_tool(name: str, library: Library) -> WorkflowTool:
    """Load a tool by its name in the file, or by its path.

    Raises:
        ToolError: The path leads to no function, or the function cannot be a tool.
    """
    known = library.tools.get(name)
    if known is None:
        return load_tool(name, library.directory)
    return load_tool(
        known.callable,
        library.directory,
        name=name,
        description=known.description,
        timeout_s=known.timeout,
        retries=known.retries,
    )


def load_tools(settings: AgentSettings, library: Library) -> Toolbox:
    """Load the functions that an agent may call."""
    tools = {}
    strict = set()
    for wanted in settings.tools:
        tool = load_named_tool(wanted.name, library)
        tools[tool.name] = tool
        if wanted.on_error == "fail":
            strict.add(tool.name)
    return Toolbox(tools, frozenset(strict))
