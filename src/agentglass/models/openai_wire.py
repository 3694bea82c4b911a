"""OpenAI's chat completions as JSON: our request to a body, a body or a stream to our reply.

Source: https://platform.openai.com/docs/api-reference/chat (2026-10); what compatible servers do
differently is noted where it is handled.
"""

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from agentglass.models.port import ChatReply, ChatRequest, Message, Tool, ToolCall
from agentglass.spans import Usage

__all__ = ["Assembler", "MalformedReplyError", "error_message", "read_usage", "request_body"]

_ANSWER_PARTS = ("content", "refusal", "tool_calls", "reasoning", "reasoning_content")
"""What counts as the first token."""


class MalformedReplyError(ValueError):
    """What came is not a chat completion."""


def request_body(request: ChatRequest) -> dict[str, Any]:
    """Return the body of a request; the provider's own options come last and win."""
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [_wire_message(message) for message in request.messages],
    }
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.max_tokens is not None:
        body["max_tokens"] = request.max_tokens
    if request.tools:
        body["tools"] = [_wire_tool(tool) for tool in request.tools]
    if request.output_schema is not None:
        body["response_format"] = _wire_schema(request.output_schema)
    if request.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body | dict(request.options)


class Assembler:
    """Puts one answer together: from the chunks of a stream, or from one whole body."""

    def __init__(self) -> None:
        self.has_begun = False
        """Whether anything of the answer itself has come."""
        self._seen = False
        self._text: list[str] = []
        self._refusal: list[str] = []
        self._calls: list[dict[str, str]] = []
        self._id: str | None = None
        self._model: str | None = None
        self._finish_reason: str | None = None
        self._usage: Mapping[str, Any] | None = None

    @property
    def is_finished(self) -> bool:
        """Whether the server has said that nothing is missing."""
        return self._finish_reason is not None or self._usage is not None

    def add(self, body: Any) -> None:
        """Take a chunk, or the body of a plain answer.

        Raises:
            MalformedReplyError: It is neither, or it reports an error.
        """
        if not isinstance(body, Mapping):
            raise MalformedReplyError(f"The answer is no chat completion: {_describe(body)}")
        if body.get("error"):
            raise MalformedReplyError(f"The provider reports an error: {error_message(body)}")
        self._id = _text_or_none(body.get("id")) or self._id
        self._model = _text_or_none(body.get("model")) or self._model
        if isinstance(usage := body.get("usage"), Mapping) and usage:
            self._usage = usage
        for choice in _mappings(body.get("choices"))[:1]:
            self._add_choice(choice)

    def reply(self) -> ChatReply:
        """Return what was put together.

        Raises:
            MalformedReplyError: There was no answer in it.
        """
        if not self._seen:
            raise MalformedReplyError("The answer is no chat completion: it has no choices.")
        text, refusal = "".join(self._text), "".join(self._refusal)
        calls = tuple(
            ToolCall(
                id=call["id"] or f"call_{index}", name=call["name"], arguments=call["arguments"]
            )
            for index, call in enumerate(self._calls)
        )
        return ChatReply(
            message=Message("assistant", text or refusal, calls),
            model=self._model or "",
            usage=None if self._usage is None else read_usage(self._usage),
            response_id=self._id,
            finish_reason="refusal" if refusal and not text else self._finish_reason,
            reported_cost_usd=None if self._usage is None else _read_cost(self._usage),
        )

    def _add_choice(self, choice: Mapping[str, Any]) -> None:
        self._finish_reason = _text_or_none(choice.get("finish_reason")) or self._finish_reason
        part = choice.get("delta") or choice.get("message")
        self._seen = self._seen or "delta" in choice or isinstance(part, Mapping)
        if not isinstance(part, Mapping):
            return
        self.has_begun = self.has_begun or any(part.get(name) for name in _ANSWER_PARTS)
        self._text.append(_read_text(part.get("content")))
        self._refusal.append(_read_text(part.get("refusal")))
        is_delta = "delta" in choice
        for place, call in enumerate(_mappings(part.get("tool_calls"))):
            self._add_call(call, self._index_of(call) if is_delta else place)

    def _index_of(self, call: Mapping[str, Any]) -> int:
        """Return which call a delta goes on with; some servers leave the index out."""
        index = call.get("index")
        if isinstance(index, int) and 0 <= index <= len(self._calls):
            return index
        return len(self._calls) if call.get("id") else max(len(self._calls) - 1, 0)

    def _add_call(self, part: Mapping[str, Any], index: int) -> None:
        if index == len(self._calls):
            self._calls.append({"id": "", "name": "", "arguments": ""})
        call = self._calls[index]
        call["id"] = _text_or_none(part.get("id")) or call["id"]
        function = part.get("function")
        if isinstance(function, Mapping):
            call["name"] += _read_text(function.get("name"))
            arguments = function.get("arguments")
            is_object = isinstance(arguments, Mapping)
            call["arguments"] += json.dumps(arguments) if is_object else _read_text(arguments)


def read_usage(raw: Mapping[str, Any]) -> Usage:
    """Normalise the counts of a provider; what is not a count is unknown."""
    prompt = _mapping(raw.get("prompt_tokens_details"))
    completion = _mapping(raw.get("completion_tokens_details"))
    cached = _count(prompt.get("cached_tokens"))
    return Usage(
        input_tokens=_count(raw.get("prompt_tokens")),
        output_tokens=_count(raw.get("completion_tokens")),
        # DeepSeek puts what was read from its cache at the top.
        cache_read_tokens=_count(raw.get("prompt_cache_hit_tokens")) if cached is None else cached,
        # OpenRouter's name; it does not tell for how long, and five minutes is the usual time.
        cache_write_5m_tokens=_count(prompt.get("cache_write_tokens")),
        reasoning_tokens=_count(completion.get("reasoning_tokens")),
        input_audio_tokens=_count(prompt.get("audio_tokens")),
        output_audio_tokens=_count(completion.get("audio_tokens")),
        input_image_tokens=_count(prompt.get("image_tokens")),
        output_image_tokens=_count(completion.get("image_tokens")),
        raw=dict(raw),
    )


def error_message(body: Any) -> str:
    """Return what a body of an error says, whatever shape it has."""
    error = body.get("error", body) if isinstance(body, Mapping) else body
    message = error.get("message") if isinstance(error, Mapping) else error
    return message if isinstance(message, str) and message else _describe(body)


def _wire_message(message: Message) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        wire["content"] = message.content or None
        wire["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        wire["tool_call_id"] = message.tool_call_id
    return wire


def _wire_tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "parameters": dict(tool.parameters)}
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def _wire_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for JSON; strictly where the schema closes its object, as the API's strict mode wants."""
    name = re.sub(r"[^a-zA-Z0-9_-]", "_", str(schema.get("title") or "answer"))[:64]
    is_strict = schema.get("additionalProperties") is False
    return {
        "type": "json_schema",
        "json_schema": {"name": name, "schema": dict(schema), "strict": is_strict},
    }


def _read_text(value: Any) -> str:
    """Return text, or the text parts of a list of parts (Mistral)."""
    if isinstance(value, str):
        return value
    return "".join(str(part.get("text") or "") for part in _mappings(value))


def _read_cost(raw: Mapping[str, Any]) -> Decimal | None:
    """Return what OpenRouter and others say that the call cost, in USD."""
    cost = raw.get("cost")
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 <= cost < math.inf:
        return None
    return Decimal(str(cost))


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _describe(body: Any) -> str:
    return repr(body)[:200]
