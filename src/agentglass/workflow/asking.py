"""Asking a model on behalf of a node: one call, or as many as a usable answer takes."""

from dataclasses import dataclass, field
from typing import Any

from agentglass.errors import NodeError
from agentglass.models.call import call_model
from agentglass.models.port import ChatReply, ChatRequest, Message, ProviderSettings, Tool
from agentglass.workflow.answers import AnswerError, answer_schema, read_answer
from agentglass.workflow.config import ExecutionConfig
from agentglass.workflow.field_config import OutputSchema
from agentglass.workflow.field_types import FieldType
from agentglass.workflow.llm_config import LlmConfig
from agentglass.workflow.node_types import Visit
from agentglass.workflow.run_scope import ModelCall
from agentglass.workflow.signs_of_life import keep_alive

__all__ = ["Asker", "answer_type"]


def answer_type(schema: OutputSchema | None) -> FieldType:
    """Return the type of an answer; text where no schema says otherwise.

    Raises:
        TypeTextError: The schema names no type.
    """
    return FieldType("str") if schema is None else schema.field_type()


@dataclass(slots=True)
class Asker:
    """A model with its settings.

    Args:
        llm: Which model, and how.
        execution: The limits of the run.
        who: The node or agent that asks, for messages.
    """

    llm: LlmConfig
    execution: ExecutionConfig
    who: str
    _settings: ProviderSettings = field(init=False)

    def __post_init__(self) -> None:
        settings: dict[str, Any] = {"api_base": self.llm.api_base, "options": self.llm.options}
        if self.llm.timeout is not None:
            settings["timeout_s"] = self.llm.timeout
        self._settings = ProviderSettings(**settings, max_retries=self.execution.max_retries)

    async def ask(
        self,
        visit: Visit,
        messages: tuple[Message, ...],
        *,
        tools: tuple[Tool, ...] = (),
        schema: dict[str, Any] | None = None,
    ) -> ChatReply:
        """Ask once.

        Raises:
            ProviderError: There is no answer.
        """
        provider = visit.run.provider(self.llm.provider or "", self._settings)
        request = ChatRequest(
            model=self.llm.model or "",
            messages=messages,
            temperature=self.llm.temperature,
            max_tokens=self.llm.max_tokens,
            output_schema=schema,
            tools=tools,
            options=self.llm.parameters,
        )
        reply = await call_model(provider, request)
        visit.calls.append(
            ModelCall(provider.name, reply.model, reply.usage, reply.reported_cost_usd)
        )
        keep_alive()
        return reply

    async def ask_typed(
        self, visit: Visit, messages: tuple[Message, ...], answer: FieldType
    ) -> Any:
        """Ask until the answer is what it must be, or `max_retries` is used up.

        Raises:
            ProviderError: There is no answer.
            NodeError: No answer could be used.
        """
        problem = ""
        for _ in range(self.execution.max_retries + 1):
            reply = await self.ask(visit, messages, schema=answer_schema(answer))
            try:
                return read_answer(reply.text, answer)
            except AnswerError as error:
                problem = str(error)
                messages = (*messages, reply.message, Message("user", error.request_for_another()))
        raise NodeError(self.who, f"the model's answer cannot be used: {problem}")
