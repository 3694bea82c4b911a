"""The fake provider says what its script says."""

from decimal import Decimal

import pytest

from agentglass.errors import OptionError, ProviderError
from agentglass.models import FakeProvider, FakeReply, ProviderSettings, ToolCall, open_provider
from agentglass.spans import Usage


def _scripted(**options):
    return open_provider("fake", ProviderSettings(options=options))


async def _texts(provider, ask, *texts):
    return [(await provider.chat(ask(text))).text for text in texts]


async def test_without_a_script_it_is_an_echo(ask):
    reply = await FakeProvider().chat(ask("Hello there"))

    assert reply.text == "Echo: Hello there"
    assert reply.usage.input_tokens == 2
    assert reply.response_id == "fake-1"


async def test_replies_come_in_order_and_start_over(ask):
    assert await _texts(_scripted(replies=["a", "b"]), ask, "1", "2", "3") == ["a", "b", "a"]


async def test_a_reply_with_a_pattern_answers_what_it_matches(ask):
    provider = _scripted(replies=["other", {"text": "sun", "when": "(?i)weather"}])

    assert await _texts(provider, ask, "The Weather?", "x", "weather") == ["sun", "other", "sun"]


async def test_a_script_can_be_a_function(ask):
    provider = FakeProvider(replies=lambda request: f"{request.model}: {request.last_user_text}")

    assert await _texts(provider, ask, "hi") == ["m-1: hi"]
    assert [request.last_user_text for request in provider.requests] == ["hi"]


async def test_everything_about_a_reply_can_be_scripted(ask):
    provider = _scripted(
        latency_ms=1,
        replies=[
            {
                "text": "t",
                "usage": {"input_tokens": 9, "output_tokens": 3, "reasoning_tokens": 2},
                "cost_usd": 0.001,
                "finish_reason": "length",
                "retries": 2,
                "tool_calls": [{"name": "add", "arguments": {"a": 1}}],
            }
        ],
    )
    reply = await provider.chat(ask())

    assert reply.usage == Usage(input_tokens=9, output_tokens=3, reasoning_tokens=2)
    assert reply.reported_cost_usd == Decimal("0.001")
    assert (reply.finish_reason, reply.retries) == ("length", 2)
    assert reply.message.tool_calls == (ToolCall(id="call_0", name="add", arguments='{"a": 1}'),)
    assert reply.time_to_first_token_s == 0.001


async def test_the_first_calls_can_fail(ask):
    provider = _scripted(fail_times=2, replies=["ok"])
    for _ in range(2):
        with pytest.raises(ProviderError, match="Scripted failure"):
            await provider.chat(ask())

    assert await _texts(provider, ask, "again") == ["ok"]


async def test_a_fault_carries_its_status(ask):
    provider = FakeProvider(replies=[FakeReply(error="overloaded", status_code=529)])
    with pytest.raises(ProviderError, match="fake/m-1: overloaded") as caught:
        await provider.chat(ask())

    assert caught.value.status_code == 529


async def test_an_answer_that_takes_too_long_is_a_timeout(ask):
    with pytest.raises(ProviderError, match=r"No answer within 0\.01 s"):
        await _scripted(latency_ms=60_000).chat(ask(timeout_s=0.01))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"reply": []}, "Did you mean 'replies'"),
        ({"replies": "a"}, "must be a list"),
        ({"replies": [7]}, "text or a mapping, not 7"),
        ({"replies": [{"txt": "a"}]}, "Did you mean 'text'"),
        ({"replies": [{"tool_calls": [{}]}]}, "cannot be used"),
        ({"replies": [{"cost_usd": "much"}]}, "cannot be used"),
        ({"replies": [{"when": "("}]}, "not a regular expression"),
        ({"latency_ms": -1}, "'latency_ms'"),
        ({"fail_times": "two"}, "'fail_times'"),
    ],
)
def test_a_script_that_cannot_be_used_is_an_option_error(options, said):
    with pytest.raises(OptionError, match=said.replace("(", r"\(")):
        _scripted(**options)
