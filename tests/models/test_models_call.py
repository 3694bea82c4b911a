"""Every model call is one `llm` span."""

from decimal import Decimal

import pytest

from agentglass.errors import BudgetExceededError, ProviderError
from agentglass.models import (
    FakeProvider,
    FakeReply,
    LocalProvider,
    Message,
    Tool,
    ToolCall,
    call_model,
)
from agentglass.record import get_active_span
from agentglass.spans import SpanType, Status, Usage, names
from agentglass.testing import LLMServer, Reply, capture


class Ledger:
    """A budget that counts, and stops after `limit` calls."""

    def __init__(self, limit):
        self.limit = limit
        self.replies = []

    def before_call(self, request):
        if len(self.replies) >= self.limit:
            raise BudgetExceededError(f"{request.model}: no more calls")

    def after_call(self, reply):
        self.replies.append(reply)


async def test_a_call_is_recorded_with_all_that_is_known(ask, connect):
    """Tokens, the provider's own record, ids and times are on the span."""
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "cost": 0.25}
    request = ask(temperature=0.5, max_tokens=9, tools=(Tool(name="f"),))
    with LLMServer([Reply(text="yes", usage=usage)]) as server, capture() as t:
        await call_model(connect(server), request)
    span = t.span("chat m-1")

    assert (span.type, span.status) == (SpanType.LLM, Status.OK)
    assert span.input == {"messages": [{"role": "user", "content": "Hello there"}]}
    assert span.output == {"role": "assistant", "content": "yes"}
    assert span.usage == Usage(input_tokens=5, output_tokens=2)
    assert span.usage.raw == usage
    assert (span.cost.total_usd, span.cost.source) == (Decimal("0.25"), "provider")
    assert span.attributes.pop(names.TIME_TO_FIRST_TOKEN) > 0
    assert span.attributes == {
        names.OPERATION: "chat",
        names.PROVIDER: "openai",
        names.REQUEST_MODEL: "m-1",
        names.REQUEST_STREAM: True,
        names.REQUEST_TEMPERATURE: 0.5,
        names.REQUEST_MAX_TOKENS: 9,
        names.TOOL_DEFINITIONS: [
            {"type": "function", "name": "f", "description": "", "parameters": {}}
        ],
        names.RESPONSE_MODEL: "m-1",
        names.RESPONSE_ID: "chatcmpl-1",
        names.RESPONSE_FINISH_REASONS: ["stop"],
        names.CALL_RETRIES: 0,
    }


async def test_a_conversation_is_recorded_with_its_tool_calls_and_schema(ask):
    wish = ToolCall(id="c1", name="f", arguments='{"a": 1}')
    messages = (Message("assistant", "", (wish,)), Message("tool", "42", tool_call_id="c1"))
    with capture() as t:
        await call_model(FakeProvider(), ask(messages=messages, output_schema={"type": "object"}))

    assert t.span("chat m-1").input == {
        "messages": [
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"id": "c1", "name": "f", "arguments": '{"a": 1}'}],
            },
            {"role": "tool", "content": "42", "tool_call_id": "c1"},
        ],
        "output_schema": {"type": "object"},
    }


async def test_an_unknown_cost_is_not_zero(ask):
    with capture() as t:
        await call_model(FakeProvider(), ask(), span_name="unpriced")
        await call_model(LocalProvider(), ask(model="extractive"), span_name="free")

    assert t.span("unpriced").cost is None
    assert (t.span("free").cost.pico_usd, t.span("free").cost.source) == (0, "local")


async def test_the_span_lasts_as_long_as_the_answer(ask):
    """P-T6: what is timed is the evaluation, not the asking."""
    seen = []

    def respond(request):
        seen.append((get_active_span().name, get_active_span().end_ns))
        return "yes"

    with capture():
        await call_model(FakeProvider(replies=respond), ask())

    assert seen == [("chat m-1", None)]


async def test_a_call_that_fails_is_recorded_and_raised_unchanged(ask):
    """C-19.9: the details of the exception are on the span."""
    error = ProviderError("fake", "m-1", "overloaded", status_code=529)

    def respond(request):
        raise error

    with capture() as t, pytest.raises(ProviderError) as caught:
        await call_model(FakeProvider(replies=respond), ask())
    span = t.span("chat m-1")

    assert caught.value is error
    assert span.status is Status.ERROR
    assert span.error.message == "fake/m-1: overloaded"
    assert (span.output, span.usage) == (None, None)


async def test_a_budget_is_asked_before_and_told_after(ask):
    provider, ledger = FakeProvider(replies=[FakeReply(text="yes")]), Ledger(limit=1)
    with capture() as t:
        await call_model(provider, ask(), budget=ledger)
        with pytest.raises(BudgetExceededError):
            await call_model(provider, ask(), span_name="refused", budget=ledger)

    assert [reply.text for reply in ledger.replies] == ["yes"]
    assert len(provider.requests) == 1
    assert t.span("refused").usage is None


async def test_nothing_is_recorded_when_recording_is_off(ask):
    with capture(level="off") as t:
        reply = await call_model(FakeProvider(), ask())

    assert reply.text == "Echo: Hello there"
    assert t.spans == []
