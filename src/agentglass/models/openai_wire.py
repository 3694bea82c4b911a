"""OpenAI's chat completions as JSON: our request to a body, a body or a stream to our reply.

Source: https://platform.openai.com/docs/api-reference/chat (2026-10); what compatible servers do
differently is noted where it is handled.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from agentglass.models.port import ChatReply, ChatRequest, Message, Tool, ToolCall
from agentglass.spans import Usage

__all__ = [
    "MalformedReplyError",
    "StreamAssembler",
    "reply_from_completion",
    "request_body",
    "usage_from_body",
]


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


def reply_from_completion(body: Any) -> ChatReply:
    """Read a plain answer.

    Raises:
        MalformedReplyError: It is none; the message says what it is.
    """
    choice = _first_choice(body)
    message = choice.get("message") if choice is not None else None
    if not isinstance(message, Mapping):
        raise MalformedReplyError(f"The answer is no chat completion: {_describe(body)}")
    calls = tuple(
        _tool_call(call, f"call_{index}") for index, call in enumerate(_dicts(message, "tool_calls"))
    )
    assembled = StreamAssembler()
    assembled.take_envelope(body)
    assembled.finish_reason = _text_or_none(choice and choice.get("finish_reason"))
    return assembled.reply(message, calls)


class StreamAssembler:
    """Puts the chunks of one streamed answer together."""
