"""The `agent` node: a model that calls tools and consults others until it has an answer."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from pydantic import Field

from agentglass.record import get_active_span
from agentglass.spans import SpanType, names
from agentglass.workflow.agent_config import AgentSettings, AgentTool, StopConfig
from agentglass.workflow.agents import STOP_NAMES, make_agent
from agentglass.workflow.agents.checks import check_settings
from agentglass.workflow.answer_checks import check_answer, check_model
from agentglass.workflow.node_config import TemplateText
from agentglass.workflow.node_types import Finding, NodeContext, NodeType, NodeWork, Visit
from agentglass.workflow.nodes.llm import ChatNode, node_messages

__all__ = ["NODE_TYPE", "AgentNode"]


class AgentNode(ChatNode):
    """A model with tools."""

    type: Literal["agent"]
    tools: list[AgentTool] = Field(default_factory=list)
    """All that it may call; anything else that its model asks for is refused."""
    delegates: list[str] = Field(default_factory=list)
    """Agents and teams that it may consult, each offered to its model as a tool `consult_<name>`."""
    max_steps: int = Field(default=10, ge=1, le=100)
    """How often its model is asked at most."""
    on_limit: Literal["fail", "answer"] = "fail"
    """After `max_steps`: fail, or ask once more, without tools."""
    stop: StopConfig = Field(default_factory=StopConfig)

    def conditions(self) -> Iterator[TemplateText]:
        """Yield the conditions of the node, and the one that stops it."""
        yield from super().conditions()
        if self.stop.condition is not None:
            known = (*self.inputs, *STOP_NAMES)
            yield TemplateText(("stop", "condition"), self.stop.condition, known)


def _settings(config: AgentNode) -> AgentSettings:
    return AgentSettings(**{name: getattr(config, name) for name in AgentSettings.model_fields})


def _compile(config: AgentNode, context: NodeContext) -> NodeWork:
    agent = make_agent(config.id, _settings(config), context.library, context.execution)

    async def work(visit: Visit) -> Any:
        get_active_span().set_attributes(
            {names.OPERATION: "invoke_agent", names.AGENT_NAME: config.id}
        )
        return (await agent.work(visit, node_messages(config, visit))).value

    return work


def _check(config: AgentNode, context: NodeContext) -> Iterable[Finding]:
    yield from check_model(context.llm)
    yield from check_settings(_settings(config), context.library)
    yield from check_answer(config, context, config.output_schema)


NODE_TYPE = NodeType(AgentNode, _compile, _check, needs_extra="run", span_type=SpanType.AGENT)
