"""The loop of an agent: ask the model, call what it asks for, until it has an answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agentglass.errors import NodeError
from agentglass.models.port import Message
from agentglass.record import add_event, get_active_span
from agentglass.spans import names
from agentglass.workflow.agent_config import AgentSettings
from agentglass.workflow.agents.toolbox import Toolbox, ToolOutcome
from agentglass.workflow.answers import answer_schema
from agentglass.workflow.asking import Asker, answer_type
from agentglass.workflow.conditions import Condition, ConditionError, parse_condition
from agentglass.workflow.node_types import Visit
from agentglass.workflow.templates import as_text
from agentglass.workflow.together import all_at_once

__all__ = ["STOP_NAMES", "Agent", "AgentAnswer"]

STOP_NAMES = ("text", "round", "tools", "results")
"""What a stop condition can name besides the state."""

_GIVE_ANSWER = "Give your final answer now."
_GIVE_JSON = "Give your final answer now, as the JSON that was asked for."


@dataclass(frozen=True, slots=True)
class AgentAnswer:
    """What an agent came to."""

    value: Any
    """Text, or what its `output_schema` asks for."""
    stopped_by: str
    """`answer`, `tool`, `condition` or `limit`."""
    rounds: int


@dataclass(slots=True)
class Agent:
    """A model with tools.

    Args:
        name: For messages.
        settings: How it works.
        asker: Its model.
        open_toolbox: Gives its tools for one visit; they may consult other agents on its behalf.
        system: What the model is told beforehand.
    """

    name: str
    settings: AgentSettings
    asker: Asker
    open_toolbox: Callable[[Visit], Toolbox]
    system: str | None = None
    _stop: Condition | None = field(init=False)

    def __post_init__(self) -> None:
        condition = self.settings.stop.condition
        self._stop = None if condition is None else parse_condition(condition)

    async def work(self, visit: Visit, messages: tuple[Message, ...]) -> AgentAnswer:
        """Work on a question until there is an answer.

        Raises:
            NodeError: It has used up its steps.
            ProviderError: Its model gives no answer.
        """
        if self.system is not None:
            messages = (Message("system", self.system), *messages)
        toolbox = self.open_toolbox(visit)
        definitions = toolbox.definitions()
        called: list[str] = []
        text = ""
        for number in range(1, self.settings.max_steps + 1):
            if not definitions:
                return await self._finish(visit, messages, None, "answer", number)
            reply = await self.asker.ask(visit, messages, tools=definitions)
            text, wanted = reply.text, reply.message.tool_calls
            if not wanted:
                return await self._finish(visit, messages, reply.message, "answer", number)
            outcomes = await all_at_once(toolbox.call(one, visit.scope.state) for one in wanted)
            called += [outcome.call.name for outcome in outcomes]
            messages = (*messages, reply.message, *(outcome.message() for outcome in outcomes))
            last = self._stopping_tool(outcomes)
            if last is not None:
                return self._result(last.value, "tool", number)
            if self._is_over(visit, text, number, called, outcomes):
                return await self._finish(visit, messages, None, "condition", number)
        if self.settings.on_limit == "answer":
            return await self._finish(visit, messages, None, "limit", self.settings.max_steps)
        raise NodeError(
            self.name,
            f"the agent has used its {self.settings.max_steps} steps without an answer "
            f"(tools called: {', '.join(called[-5:]) or 'none'}). Raise max_steps, or write "
            "`on_limit: answer`.",
        )

    def _stopping_tool(self, outcomes: list[ToolOutcome]) -> ToolOutcome | None:
        enders = self.settings.stop.tools
        succeeded = (one for one in outcomes if one.error is None and one.call.name in enders)
        return next(succeeded, None)

    def _is_over(
        self, visit: Visit, text: str, number: int, called: list[str], outcomes: list[ToolOutcome]
    ) -> bool:
        if self._stop is None:
            return False
        results = [one.value for one in outcomes if one.error is None]
        known = dict(zip(STOP_NAMES, (text, number, called, results), strict=True))
        try:
            return self._stop.holds(visit.scope.with_inputs(known))
        except ConditionError as error:
            raise NodeError(self.name, f"{error} (stop)") from error

    async def _finish(
        self,
        visit: Visit,
        messages: tuple[Message, ...],
        answered: Message | None,
        stopped_by: str,
        rounds: int,
    ) -> AgentAnswer:
        """Get the answer itself: text as it is, anything else in a second phase without tools."""
        answer = answer_type(self.settings.output_schema)
        if answer_schema(answer) is None:
            if answered is None:
                asked = messages
                if messages[-1].role == "tool":
                    asked = (*messages, Message("user", _GIVE_ANSWER))
                answered = (await self.asker.ask(visit, asked)).message
            return self._result(answered.content, stopped_by, rounds)
        if answered is not None:
            messages = (*messages, answered)
        if messages[-1].role in ("tool", "assistant"):
            messages = (*messages, Message("user", _GIVE_JSON))
        value = await self.asker.ask_typed(visit, messages, answer)
        return self._result(value, stopped_by, rounds)

    def _result(self, value: Any, stopped_by: str, rounds: int) -> AgentAnswer:
        get_active_span().set_attribute(names.AGENT_STOPPED_BY, stopped_by)
        add_event("agent.done", {"stopped_by": stopped_by, "rounds": rounds})
        is_text = self.settings.output_schema is None
        return AgentAnswer(as_text(value) if is_text else value, stopped_by, rounds)
