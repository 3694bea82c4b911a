"""What the fake LLM server answers: replies and faults, and how they look on the wire."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "Fault",
    "RecordedRequest",
    "Reply",
    "Script",
    "chunks_of",
    "completion_of",
    "error_body",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A good answer; `cut_after` makes it end too soon."""

    text: str = ""
    data: Any = None
    """A JSON value that is sent as text, in place of `text`."""
    tool_calls: Sequence[tuple[str, Mapping[str, Any] | str]] = ()
    """(name, arguments); arguments as text are sent as they are."""
    usage: Mapping[str, Any] | None = None
    """What the API calls `usage`; None counts words, `{}` sends none."""
    finish_reason: str | None = None
    """None gives `tool_calls` or `stop`, whichever fits."""
    model: str | None = None
    """None repeats the model that was asked for."""
    chunk_delay_s: float = 0
    """How long to wait before each chunk of a stream, or before a plain answer."""
    cut_after: int | None = None
    """Send so many chunks of a stream (or bytes of a plain answer), then hang up."""
    done: bool = True
    """False ends a stream in good order, but without finish reason, usage and `[DONE]`."""

    @property
    def content(self) -> str:
        """The text that is sent."""
        return self.text if self.data is None else json.dumps(self.data, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A bad answer: an error of the API, something that is no answer at all, or silence."""

    status: int = 500
    message: str = "The server had an error while processing your request"
    body: str | None = None
    """Sent as it is, in place of an error of the API; malformed JSON, or a page of a proxy.

    Lone surrogates become the bytes that they stand for, as in `surrogateescape`.
    """
    content_type: str = "application/json"
    retry_after_s: float | None = None
    """Sent as `Retry-After`."""
    hang_s: float = 0
    """How long to say nothing before answering; the end of the server ends it too."""
    cut_after: int | None = None
    """Send so many bytes of the body, then hang up."""


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request that the server saw."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    """By lowercase name."""
    body: Any
    """The JSON value that was sent; None when there was none."""


Script = Sequence[Reply | Fault] | Callable[[RecordedRequest], Reply | Fault]
"""Answers in order, starting over at the end; or a function of the request."""


def completion_of(reply: Reply, request: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return the body of a plain chat completion."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.content or None}
    if reply.tool_calls:
        message["tool_calls"] = [_call(index, *call) for index, call in enumerate(reply.tool_calls)]
    choice = {"index": 0, "message": message, "finish_reason": _finish_reason(reply)}
    body = _envelope("chat.completion", reply, request, number) | {"choices": [choice]}
    return body | _usage_field(reply, request)


def chunks_of(reply: Reply, request: Mapping[str, Any], number: int) -> Iterator[dict[str, Any]]:
    """Yield the chunks of a streamed chat completion, as the API cuts them.

    Usage comes in a last chunk of its own, and only when `stream_options.include_usage` asks.
    """
    envelope = _envelope("chat.completion.chunk", reply, request, number)
    asked = bool((request.get("stream_options") or {}).get("include_usage"))

    def chunk(delta: Mapping[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return envelope | {"choices": [choice]} | ({"usage": None} if asked else {})

    yield chunk({"role": "assistant", "content": ""})
    for piece in re.findall(r"\S+\s*|\s+", reply.content):
        yield chunk({"content": piece})
    for index, call in enumerate(reply.tool_calls):
        for part in _call_deltas(_call(index, *call)):
            yield chunk({"tool_calls": [{"index": index, **part}]})
    if not reply.done:
        return
    yield chunk({}, _finish_reason(reply))
    if asked:
        yield envelope | {"choices": []} | _usage_field(reply, request)


def error_body(message: str, kind: str, *, param: str | None = None) -> dict[str, Any]:
    """Return the body of an error as the API words it."""
    return {"error": {"message": message, "type": kind, "param": param, "code": None}}


def _envelope(kind: str, reply: Reply, request: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{number}",
        "object": kind,
        "created": 1_767_225_600,
        "model": reply.model or request.get("model", "fake"),
    }


def _finish_reason(reply: Reply) -> str:
    return reply.finish_reason or ("tool_calls" if reply.tool_calls else "stop")


def _call(index: int, name: str, arguments: Mapping[str, Any] | str) -> dict[str, Any]:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {
        "id": f"call_{index}",
        "type": "function",
        "function": {"name": name, "arguments": text},
    }


def _call_deltas(call: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Cut one tool call: its name first, then its arguments in pieces of eight characters."""
    function = call["function"]
    yield {**call, "function": {"name": function["name"], "arguments": ""}}
    text = function["arguments"]
    for start in range(0, len(text), 8):
        yield {"function": {"arguments": text[start : start + 8]}}


def _usage_field(reply: Reply, request: Mapping[str, Any]) -> dict[str, Any]:
    if reply.usage is not None:
        return {"usage": dict(reply.usage)} if reply.usage else {}
    texts = (str(message.get("content") or "") for message in request.get("messages", ()))
    prompt = sum(len(text.split()) for text in texts)
    answer = len(reply.content.split())
    counts = {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}
    return {"usage": counts}
