"""A chat provider that says what its script says: for tests, rehearsals and benchmarks."""

import asyncio
import json
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from agentglass.errors import OptionError, ProviderError, did_you_mean
from agentglass.models.port import ChatReply, ChatRequest, Message, ProviderSettings, ToolCall
from agentglass.models.tokens import count_usage
from agentglass.spans import Usage

__all__ = ["FakeProvider", "FakeReply", "Script"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeReply:
    """One scripted answer, or one scripted fault."""

    text: str = ""
    when: str | None = None
    """Regular expression; the reply then answers every request whose last user message matches."""
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage | None = None
    """None counts the tokens of the request and the answer."""
    cost_usd: Decimal | None = None
    finish_reason: str | None = None
    """None gives `tool_calls` or `stop`, whichever fits."""
    latency_ms: float | None = None
    """None takes the provider's latency."""
    retries: int = 0
    error: str | None = None
    """Raise a `ProviderError` with this message instead of answering."""
    status_code: int | None = None
    """The HTTP status that the error tells."""


Script = Sequence[str | FakeReply] | Callable[[ChatRequest], str | FakeReply]
"""Replies in order, starting over at the end; or a function of the request."""

_OPTIONS = ("replies", "latency_ms", "fail_times")
_REPLY_KEYS = tuple(item.name for item in fields(FakeReply))


class FakeProvider:
    """Answers from a script, without a network.

    Replies with `when` are looked at first; the others are given in order, again and again. Without
    a script every answer is an echo. A workflow file writes the script as `options`:

        options:
          replies: ["yes", {text: "no", when: "(?i)sure"}, {error: "overloaded", status_code: 529}]
          latency_ms: 20      # per call, unless the reply has its own
          fail_times: 2       # the first two calls raise

    Faults are raised to the caller and not retried here, so that a workflow's own retry is seen.
    """

    name = "fake"

    def __init__(
        self, settings: ProviderSettings | None = None, *, replies: Script | None = None
    ) -> None:
        options = _known(dict(settings.options) if settings else {}, _OPTIONS, "option")
        self._latency_ms = _number(options, "latency_ms")
        self._fail_times = _number(options, "fail_times")
        self._respond: Callable[[ChatRequest], str | FakeReply]
        if callable(replies):
            self._respond = replies
        else:
            self._respond = _Playbook(_read_replies(options) if replies is None else replies)
        self.requests: deque[ChatRequest] = deque(maxlen=1000)
        """The latest requests, oldest first."""
        self._calls = 0

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Give the next scripted answer."""
        self.requests.append(request)
        self._calls += 1
        if self._calls <= self._fail_times:
            raise ProviderError(self.name, request.model, f"Scripted failure {self._calls}.")
        found = self._respond(request)
        reply = FakeReply(text=found) if isinstance(found, str) else found
        latency_ms = self._latency_ms if reply.latency_ms is None else reply.latency_ms
        await self._wait(latency_ms / 1000, request)
        if reply.error is not None:
            raise ProviderError(
                self.name, request.model, reply.error, status_code=reply.status_code
            )
        return ChatReply(
            message=Message("assistant", reply.text, reply.tool_calls),
            model=request.model,
            usage=reply.usage or count_usage(request.messages, reply.text),
            response_id=f"fake-{self._calls}",
            finish_reason=reply.finish_reason or ("tool_calls" if reply.tool_calls else "stop"),
            time_to_first_token_s=latency_ms / 1000 if request.stream else None,
            retries=reply.retries,
            reported_cost_usd=reply.cost_usd,
        )

    async def aclose(self) -> None:
        """Do nothing: nothing is open."""

    async def _wait(self, latency_s: float, request: ChatRequest) -> None:
        limit_s = request.timeout_s
        if limit_s is not None and latency_s > limit_s:
            await asyncio.sleep(limit_s)
            raise ProviderError(self.name, request.model, f"No answer within {limit_s:g} s.")
        if latency_s:
            await asyncio.sleep(latency_s)


class _Playbook:
    """A list of replies as a function of the request."""

    def __init__(self, replies: Sequence[str | FakeReply]) -> None:
        script = [FakeReply(text=item) if isinstance(item, str) else item for item in replies]
        self._matching = [(_pattern(item.when), item) for item in script if item.when is not None]
        self._queue = deque(item for item in script if item.when is None)

    def __call__(self, request: ChatRequest) -> FakeReply:
        text = request.last_user_text
        for pattern, reply in self._matching:
            if pattern.search(text):
                return reply
        if not self._queue:
            return FakeReply(text=f"Echo: {text[:200]}")
        self._queue.rotate(-1)
        return self._queue[-1]


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise OptionError(f"{text!r} is not a regular expression: {error}.") from error


def _read_replies(options: Mapping[str, Any]) -> list[str | FakeReply]:
    records = options.get("replies", [])
    if not isinstance(records, list):
        raise OptionError(f"The fake provider's 'replies' must be a list, not {records!r}.")
    return [record if isinstance(record, str) else _read_reply(record) for record in records]


def _read_reply(record: Any) -> FakeReply:
    if not isinstance(record, Mapping):
        raise OptionError(f"A reply of the fake provider is text or a mapping, not {record!r}.")
    known = _known(dict(record), _REPLY_KEYS, "key of a reply")
    try:
        if "usage" in known:
            known["usage"] = Usage.from_dict(known["usage"])
        if "cost_usd" in known:
            known["cost_usd"] = Decimal(str(known["cost_usd"]))
        known["tool_calls"] = tuple(
            ToolCall(
                id=call.get("id", f"call_{index}"),
                name=call["name"],
                arguments=json.dumps(call.get("arguments", {})),
            )
            for index, call in enumerate(known.get("tool_calls", ()))
        )
    except (TypeError, ArithmeticError, AttributeError, LookupError) as error:
        raise OptionError(f"A reply of the fake provider cannot be used: {record!r}.") from error
    return FakeReply(**known)


def _known(record: dict[str, Any], names: Sequence[str], what: str) -> dict[str, Any]:
    for name in record:
        if name not in names:
            raise OptionError(
                f"Unknown {what} {name!r} of the fake provider.{did_you_mean(name, names)} "
                f"Known: {', '.join(names)}."
            )
    return record


def _number(options: Mapping[str, Any], name: str) -> float:
    value = options.get(name, 0)
    if not isinstance(value, int | float) or value < 0:
        raise OptionError(f"The fake provider's {name!r} must be a number from 0, not {value!r}.")
    return value
