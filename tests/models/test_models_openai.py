"""The openai provider over real HTTP, against the fake server."""

import asyncio
from decimal import Decimal

import pytest

from agentglass.errors import OptionError
from agentglass.models import Message, ProviderSettings, Tool, ToolCall, open_provider
from agentglass.testing import Fault, LLMServer, Reply

USAGE = {
    "prompt_tokens": 120,
    "completion_tokens": 40,
    "total_tokens": 160,
    "cost": 0.00042,
    "prompt_tokens_details": {"cached_tokens": 100, "audio_tokens": 3, "cache_write_tokens": 7},
    "completion_tokens_details": {"reasoning_tokens": 25, "audio_tokens": 2},
}


async def test_a_streamed_answer_is_put_together_with_its_usage(ask, connect):
    """Streaming never costs the token counts."""
    text = "Glass is  clear,\nand so\tare we. \u732b\n"
    with LLMServer([Reply(text=text, usage=USAGE, model="m-1-2026")]) as server:
        reply = await connect(server).chat(ask())

        assert server.requests[0].body["stream_options"] == {"include_usage": True}
    assert reply.text == text
    assert reply.model == "m-1-2026"
    assert reply.response_id == "chatcmpl-1"
    assert reply.finish_reason == "stop"
    assert reply.time_to_first_token_s is not None
    assert reply.retries == 0


@pytest.mark.parametrize("stream", [True, False])
async def test_every_bucket_of_the_usage_is_kept_and_the_raw_record_too(ask, connect, stream):
    with LLMServer([Reply(text="yes", usage=USAGE)]) as server:
        reply = await connect(server).chat(ask(stream=stream))

    assert reply.usage.to_dict() == {
        "input_tokens": 120,
        "output_tokens": 40,
        "cache_read_tokens": 100,
        "cache_write_5m_tokens": 7,
        "reasoning_tokens": 25,
        "input_audio_tokens": 3,
        "output_audio_tokens": 2,
        "raw": USAGE,
    }
    assert reply.reported_cost_usd == Decimal("0.00042")


async def test_an_answer_in_one_piece_has_no_time_to_first_token(ask, connect):
    with LLMServer([Reply(text="yes")]) as server:
        reply = await connect(server).chat(ask(stream=False))

        assert "stream_options" not in server.requests[0].body
    assert (reply.text, reply.time_to_first_token_s) == ("yes", None)


async def test_missing_usage_stays_unknown(ask, connect):
    with LLMServer([Reply(text="yes", usage={})]) as server:
        reply = await connect(server).chat(ask())

    assert (reply.usage, reply.reported_cost_usd) == (None, None)


async def test_nonsense_in_the_usage_is_unknown_and_not_a_failure(ask, connect):
    usage = {"prompt_tokens": "12", "completion_tokens": -1, "cost": True, "x": None}
    with LLMServer([Reply(text="yes", usage=usage)]) as server:
        reply = await connect(server).chat(ask())

    assert reply.usage.to_dict() == {"raw": usage}
    assert reply.reported_cost_usd is None


@pytest.mark.parametrize("stream", [True, False])
async def test_tool_calls_are_assembled_as_the_model_wrote_them(ask, connect, stream):
    calls = [("add", {"a": 1, "b": "twenty-two"}), ("sub", '{"a": ')]
    with LLMServer([Reply(tool_calls=calls)]) as server:
        reply = await connect(server).chat(ask(stream=stream))

    assert reply.finish_reason == "tool_calls"
    assert reply.message.tool_calls == (
        ToolCall(id="call_0", name="add", arguments='{"a": 1, "b": "twenty-two"}'),
        ToolCall(id="call_1", name="sub", arguments='{"a": '),
    )


async def test_deltas_without_an_index_go_to_the_call_that_is_open(ask, connect):
    body = "".join(
        f"data: {chunk}\n\n"
        for chunk in (
            '{"choices":[{"delta":{"tool_calls":[{"id":"x","function":{"name":"f"}}]}}]}',
            '{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{}"}}]}}]}',
            '{"choices":[{"delta":{"tool_calls":[{"id":"y","function":{"name":"g"}}]}}]}',
            '{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}',
            "[DONE]",
        )
    )
    with LLMServer([Fault(status=200, body=body, content_type="text/event-stream")]) as server:
        reply = await connect(server).chat(ask())

    assert reply.message.tool_calls == (
        ToolCall(id="x", name="f", arguments="{}"),
        ToolCall(id="y", name="g", arguments=""),
    )
    assert reply.model == "m-1"


async def test_the_whole_request_reaches_the_server(ask, connect):
    request = ask(
        messages=(
            Message("system", "Be brief."),
            Message("assistant", "", (ToolCall(id="c1", name="f", arguments="{}"),)),
            Message("tool", "42", tool_call_id="c1"),
            Message("user", "Go on"),
        ),
        temperature=0.0,
        max_tokens=50,
        tools=(Tool(name="f", description="Does it", parameters={"type": "object"}),),
        output_schema={"type": "object", "title": "My answer", "additionalProperties": False},
        options={"seed": 7},
    )
    with LLMServer([Reply(data={"a": 1})]) as server:
        reply = await connect(server).chat(request)
        sent = server.requests[0]

    assert reply.text == '{"a": 1}'
    assert sent.headers["authorization"].startswith("Bearer sk-test-")
    assert sent.body["messages"][1]["tool_calls"][0]["function"] == {"name": "f", "arguments": "{}"}
    assert sent.body["messages"][2] == {"role": "tool", "content": "42", "tool_call_id": "c1"}
    assert sent.body["tools"][0]["function"]["name"] == "f"
    assert sent.body["response_format"]["json_schema"]["name"] == "My_answer"
    assert sent.body["response_format"]["json_schema"]["strict"] is True
    assert (sent.body["temperature"], sent.body["max_tokens"], sent.body["seed"]) == (0.0, 50, 7)


async def test_a_server_that_refuses_stream_options_is_asked_without_a_stream(ask, connect):
    with LLMServer([Reply(text="yes")], refuse=("stream_options",)) as server:
        provider = connect(server)
        replies = [await provider.chat(ask()) for _ in range(2)]

        assert [bool(request.body.get("stream")) for request in server.requests] == [
            True,
            False,
            False,
        ]
    assert [(reply.text, reply.usage.output_tokens) for reply in replies] == [("yes", 1)] * 2


async def test_a_model_that_refuses_max_tokens_gets_the_newer_name(ask, connect):
    with LLMServer([Reply(text="yes")], refuse=("max_tokens",)) as server:
        reply = await connect(server).chat(ask(max_tokens=9))

        assert server.requests[1].body["max_completion_tokens"] == 9
        assert "max_tokens" not in server.requests[1].body
    assert reply.text == "yes"


async def test_the_address_and_the_key_come_from_the_environment(ask, monkeypatch):
    with LLMServer([Reply(text="yes")], api_key="sk-from-the-environment") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OTHER_KEY", "sk-from-the-environment\n")
        provider = open_provider("openai", ProviderSettings(options={"api_key_env": "OTHER_KEY"}))
        reply = await provider.chat(ask())
        await provider.aclose()

    assert reply.text == "yes"


async def test_a_server_on_loopback_needs_no_key(ask, connect):
    with LLMServer([Reply(text="yes")]) as server:
        assert (await connect(server, api_key=None).chat(ask())).text == "yes"


async def test_headers_of_the_options_are_sent(ask, connect):
    with LLMServer([Reply(text="yes")]) as server:
        await connect(server, options={"headers": {"X-Team": "glass"}}).chat(ask())

        assert server.requests[0].headers["x-team"] == "glass"


async def test_calls_at_the_same_time_keep_their_answers_apart(ask, connect):
    with LLMServer() as server:
        provider = connect(server)
        replies = await asyncio.gather(*(provider.chat(ask(f"n{n}")) for n in range(20)))

    assert [reply.text for reply in replies] == [f"You said: n{n}" for n in range(20)]


def test_one_provider_works_in_one_event_loop_after_another(ask):
    async def once(provider):
        try:
            return (await provider.chat(ask())).text
        finally:
            await provider.aclose()

    with LLMServer([Reply(text="yes")]) as server:
        provider = open_provider("openai", ProviderSettings(api_base=server.base_url))

        assert [asyncio.run(once(provider)) for _ in range(2)] == ["yes", "yes"]


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://user:hunter2@host/", "http://", "//["])
def test_an_address_that_is_none_is_an_option_error(url):
    with pytest.raises(OptionError, match="api_base") as caught:
        open_provider("openai", ProviderSettings(api_base=url))

    assert "hunter2" not in str(caught.value)


def test_an_unknown_option_is_an_option_error():
    with pytest.raises(OptionError, match="Did you mean 'headers'"):
        open_provider("openai", ProviderSettings(options={"header": {}}))
