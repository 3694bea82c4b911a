"""The `llm` node: asks a model, lets it call tools, and reads its answer into the state."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal, get_args

from pydantic import Field, model_validator

from agentglass.errors import NodeError
from agentglass.models.port import Message, Role
from agentglass.workflow.agent_config import AgentSettings, AgentTool
from agentglass.workflow.agents import make_agent
from agentglass.workflow.agents.checks import check_settings
from agentglass.workflow.answer_checks import check_answer, check_model
from agentglass.workflow.asking import Asker, answer_type
from agentglass.workflow.field_config import OutputSchema
from agentglass.workflow.llm_config import LlmConfig
from agentglass.workflow.node_config import NodeConfig
from agentglass.workflow.node_types import Finding, NodeContext, NodeType, NodeWork, Visit
from agentglass.workflow.templates import as_text, render

__all__ = [
    "NODE_TYPE",
    "ChatNode",
    "LlmNode",
    "node_messages",
]


class ChatNode(NodeConfig):
    """What nodes have that speak to a model."""

    template_keys: ClassVar[tuple[str, ...]] = ("prompt", "system", "messages")

    prompt: str | None = Field(default=None, min_length=1)
    """What is asked; a template."""
    system: str | None = None
    """What the model is told beforehand; a template."""
    messages: list[dict[str, Any]] | str | None = None
    """A conversation before the prompt: `{role, content}` each, or a template of such a list."""
    output_schema: OutputSchema | None = None
    """What the answer must look like; without it the answer is text."""
    llm: LlmConfig = Field(default_factory=LlmConfig)
    """Wins over `config.llm`, key by key."""

    @model_validator(mode="after")
    def _check_question(self) -> "ChatNode":
        if self.prompt is None and self.messages is None:
            raise ValueError("a 'prompt', or 'messages'")
        return self


class LlmNode(ChatNode):
    """Asks a model."""

    type: Literal["llm"] = "llm"
    tools: list[AgentTool] = Field(default_factory=list)
    """What the model may call before it answers, up to ten rounds; more is an `agent`."""


def node_messages(config: Any, visit: Visit) -> tuple[Message, ...]:
    """Return the conversation that a node begins with.

    Raises:
        TemplateError: A template leads nowhere.
        NodeError: `messages` is no list of messages.
    """
    texts = (("system", config.system), ("user", config.prompt))
    own = {
        role: Message(role, as_text(render(text, visit.scope, visit.resolutions)))  # type: ignore[arg-type]
        for role, text in texts
        if text is not None
    }
    given = render(config.messages, visit.scope, visit.resolutions)
    if given is not None and not isinstance(given, list):
        raise NodeError(config.id, f"`messages` is a {type(given).__name__}. Expected: a list.")
    before = tuple(_message(config.id, item) for item in given or ())
    return (
        *([own["system"]] if "system" in own else []),
        *before,
        *([own["user"]] if "user" in own else []),
    )


def _message(node_id: str, item: Any) -> Message:
    roles = [role for role in get_args(Role) if role != "tool"]
    if not isinstance(item, Mapping) or item.get("role") not in roles or "content" not in item:
        raise NodeError(
            node_id,
            f"{item!r:.200} is no message. Expected: role ({', '.join(roles)}) and content.",
        )
    return Message(item["role"], as_text(item["content"]))


def _compile(config: LlmNode, context: NodeContext) -> NodeWork:
    if config.tools:
        return _with_tools(config, context)
    answer = answer_type(config.output_schema)
    asker = Asker(context.llm, context.execution, config.id)

    async def work(visit: Visit) -> Any:
        return await asker.ask_typed(visit, node_messages(config, visit), answer)

    return work


def _with_tools(config: LlmNode, context: NodeContext) -> NodeWork:
    agent = make_agent(config.id, _settings(config), context.library, context.execution)

    async def work(visit: Visit) -> Any:
        return (await agent.work(visit, node_messages(config, visit))).value

    return work


def _settings(config: LlmNode) -> AgentSettings:
    return AgentSettings(tools=config.tools, output_schema=config.output_schema, llm=config.llm)


def _check(config: LlmNode, context: NodeContext) -> Iterable[Finding]:
    yield from check_model(context.llm)
    yield from check_settings(_settings(config), context.library)
    yield from check_answer(config, context, config.output_schema)


NODE_TYPE = NodeType(LlmNode, _compile, _check, needs_extra="run")
