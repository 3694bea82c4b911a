"""The chat provider port: what a model is asked, what it answers, and who answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Protocol

from agentglass.spans import Usage

__all__ = [
    "BudgetHook",
    "ChatProvider",
    "ChatReply",
    "ChatRequest",
    "Message",
    "ProviderSettings",
    "Role",
    "Tool",
    "ToolCall",
]

Role = Literal["system", "user", "assistant", "tool"]
"""Who speaks in a conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A model's wish to have a tool called."""

    id: str
    name: str
    arguments: str
    """JSON text as the model wrote it, which need not be valid."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {"id": self.id, "name": self.name, "arguments": self.arguments}


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    """What an assistant wants to have called."""
    tool_call_id: str | None = None
    """Which call a tool's message answers."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields that are set, as JSON values."""
        record: dict[str, Any] = {"role": self.role, "content": self.content}
        if self.tool_calls:
            record["tool_calls"] = [call.to_dict() for call in self.tool_calls]
        if self.tool_call_id is not None:
            record["tool_call_id"] = self.tool_call_id
        return record


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool that a model may ask for."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """JSON Schema of the arguments."""

    def to_dict(self) -> dict[str, Any]:
        """Return the definition in the shape of `gen_ai.tool.definitions`."""
        return {
            "type": "function",
            "name": self.name,
            "description": self.description,
            "parameters": dict(self.parameters),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """One call of a chat model; what is None is left to the provider."""

    model: str
    """The provider's own name of the model, without the provider."""
    messages: tuple[Message, ...]
    temperature: float | None = None
    max_tokens: int | None = None
    """Upper bound of the tokens of the answer."""
    output_schema: Mapping[str, Any] | None = None
    """JSON Schema of the answer; the reply's text is then JSON."""
    tools: tuple[Tool, ...] = ()
    stream: bool = True
    timeout_s: float | None = None
    """How long to wait for the server's next byte; None takes the provider's setting."""
    max_retries: int | None = None
    """How often to try again after a passing fault; None takes the provider's setting."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What only this provider understands."""

    @property
    def last_user_text(self) -> str:
        """The text of the last message of a user; empty when there is none."""
        texts = (message.content for message in reversed(self.messages) if message.role == "user")
        return next(texts, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatReply:
    """What a chat model answered, and what the provider says about it."""

    message: Message
    model: str
    """The model that answered, by its own account."""
    usage: Usage | None = None
    """None when the provider gave no counts; `usage.raw` is the provider's own record."""
    response_id: str | None = None
    finish_reason: str | None = None
    """`stop`, `length`, `tool_calls`, `content_filter` or a word of the provider's own."""
    time_to_first_token_s: float | None = None
    """Counted from the call, waits between retries included; None when the answer came in one
    piece."""
    retries: int = 0
    """Requests that failed before the one that was answered."""
    reported_cost_usd: Decimal | None = None
    """What the provider says that the call cost; None when it does not say."""

    @property
    def text(self) -> str:
        """The text of the answer."""
        return self.message.content


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """How to reach a provider; its `repr` shows no secret."""

    api_base: str | None = None
    """URL that the provider's paths are appended to, as in `https://api.openai.com/v1`."""
    api_key: str | None = field(default=None, repr=False)
    timeout_s: float = 120.0
    max_retries: int = 2
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What only this provider understands; may hold headers, so `repr` leaves it out."""


class ChatProvider(Protocol):
    """Serves chat models.

    A provider is a class that is made with one `ProviderSettings`.
    """

    @property
    def name(self) -> str:
        """What stands before the slash in `provider/model`."""
        ...

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Ask a model.

        Raises:
            ProviderError: There is no usable answer.
        """
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...


class BudgetHook(Protocol):
    """Watches over what model calls cost."""

    def before_call(self, request: ChatRequest) -> None:
        """Allow the call, or not.

        Raises:
            BudgetExceededError: The budget does not allow it.
        """
        ...

    def after_call(self, reply: ChatReply) -> None:
        """Take note of what an answered call used."""
        ...
