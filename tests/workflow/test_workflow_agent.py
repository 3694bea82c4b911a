"""The `agent` node over real HTTP: what its model is told, what it may call, when it is done."""

import json

import pytest
from flow_maker import make, run

from agentglass.spans import Status, names
from agentglass.testing import LLMServer
from agentglass.testing.llm_server import Reply
from agentglass.workflow import execute, load_config

LIB = '''\
from typing import Annotated

calls = []


def weather(city: Annotated[str, "Where."], days: int = 1) -> dict:
    """Tell the weather.

    A second paragraph that no model needs.
    """
    calls.append((city, days))
    if city == "Atlantis":
        raise LookupError("no such city")
    return {"city": city, "sky": "clear", "days": days}


def submit(text: str):
    """Hand in the answer."""
    return f"submitted: {text}"


def look(state):
    """Look at the state."""
    return sorted(state)
'''

DEFAULTS = {
    "id": "helper",
    "type": "agent",
    "system": "Be brief.",
    "prompt": "Is it warm in {city}?",
    "tools": ["agentlib:weather"],
    "outputs": ["answer"],
}


@pytest.fixture
def ask(write, monkeypatch):
    """Run an agent against a server with these replies; returns the result, the record, the server."""
    lib = write(LIB, "agentlib.py")
    monkeypatch.syspath_prepend(lib.parent)
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    import agentlib

    monkeypatch.setattr(agentlib, "calls", [])

    def ask_model(replies, level="trace", **keys):
        fields = {"answer": "str", "city": {"type": "str", "default": "Rome"}, "facts": "dict"}
        with LLMServer(replies=replies) as server:
            config = make([{**DEFAULTS, **keys}], [], fields) | {
                "outputs": ["answer"],
                "config": {
                    "llm": {"provider": "openai", "model": "fake-1", "api_base": server.base_url},
                    "execution": {"max_retries": 1},
                },
            }
            if level == "off":
                return execute(load_config(config), level="off"), None, server
            result, recorded = run(config)
        return result, recorded, server

    ask_model.lib = agentlib
    return ask_model


def call(name, **arguments):
    return Reply(tool_calls=[(name, arguments)])


def sent(server, number):
    return server.requests[number].body


def test_an_agent_calls_a_tool_and_answers(ask):
    result, recorded, server = ask([call("weather", city="Rome"), Reply(text="Yes.")])

    assert result.result == "Yes."
    assert ask.lib.calls == [("Rome", 1)]
    assert recorded.outline().splitlines() == [
        "flow workflow ok",
        "  helper agent ok",
        "    chat fake-1 llm ok",
        "    weather tool ok",
        "    chat fake-1 llm ok",
    ]
    (tool,) = sent(server, 0)["tools"]
    assert tool["function"]["description"] == "Tell the weather."
    assert tool["function"]["parameters"]["required"] == ["city"]
    assert [message["role"] for message in sent(server, 1)["messages"]] == [
        "system", "user", "assistant", "tool",
    ]  # fmt: skip
    assert json.loads(sent(server, 1)["messages"][-1]["content"])["sky"] == "clear"
    assert recorded.span("helper").attributes[names.AGENT_STOPPED_BY] == "answer"


def test_several_calls_of_one_answer_go_back_in_its_order(ask):
    both = Reply(tool_calls=[("weather", {"city": "Rome"}), ("weather", {"city": "Oslo"})])

    _, recorded, server = ask([both, Reply(text="Yes.")])

    told = [message for message in sent(server, 1)["messages"] if message["role"] == "tool"]
    assert [json.loads(message["content"])["city"] for message in told] == ["Rome", "Oslo"]
    assert len([span for span in recorded.spans if span.type == "tool"]) == 2


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (call("weather", city="Atlantis"), "LookupError: no such city"),
        (call("weather", town="Rome"), "Tool 'weather': "),
        (Reply(tool_calls=[("weather", '{"city": ')]), "not valid JSON"),
        (call("remove", path="/"), "there is no such tool here. Tools: weather."),
    ],
)
def test_a_call_that_fails_is_told_to_the_model(ask, reply, told):
    result, recorded, server = ask([reply, Reply(text="I do not know.")])

    assert result.status is Status.OK
    assert result.result == "I do not know."
    content = json.loads(sent(server, 1)["messages"][-1]["content"])
    assert told in content["error"]
    (failed,) = [span for span in recorded.spans if span.type == "tool"]
    assert failed.status is Status.ERROR
    assert told in f"{failed.error.type}: {failed.error.message}".replace("builtins.", "")


def test_a_strict_tool_fails_the_agent(ask):
    strict = [{"name": "agentlib:weather", "on_error": "fail"}]

    result, _, _ = ask([call("weather", city="Atlantis")], tools=strict)

    assert isinstance(result.error, LookupError)


def test_an_agent_that_never_answers_is_stopped(ask):
    result, _, server = ask([call("weather", city="Rome")], max_steps=3)

    assert "the agent has used its 3 steps without an answer" in str(result.error)
    assert len(server.requests) == 3


def test_an_agent_can_be_made_to_answer_at_its_limit(ask):
    replies = [call("weather", city="Rome"), call("weather", city="Oslo"), Reply(text="Well.")]

    result, recorded, server = ask(replies, max_steps=2, on_limit="answer")

    assert result.result == "Well."
    assert "tools" not in sent(server, 2)
    assert recorded.span("helper").attributes[names.AGENT_STOPPED_BY] == "limit"


def test_an_agent_is_done_after_the_tool_that_ends_it(ask):
    result, recorded, server = ask(
        [call("submit", text="warm")],
        tools=["agentlib:weather", "agentlib:submit"],
        stop={"tools": ["submit"]},
    )

    assert result.result == "submitted: warm"
    assert len(server.requests) == 1
    assert recorded.span("helper").attributes[names.AGENT_STOPPED_BY] == "tool"


def test_an_agent_is_done_when_its_condition_holds(ask):
    replies = [
        call("weather", city="Rome"),
        call("weather", city="Oslo"),
        Reply(text="Both clear."),
    ]
    stop = {
        "condition": "round == 2 and tools == ['weather', 'weather'] and results[0].sky == 'clear'"
    }

    result, recorded, server = ask(replies, stop=stop)

    assert result.result == "Both clear."
    assert len(server.requests) == 3
    assert recorded.span("helper").attributes[names.AGENT_STOPPED_BY] == "condition"


@pytest.mark.parametrize("kind", ["agent", "llm"])
def test_a_typed_answer_is_asked_for_after_the_tools(ask, kind):
    """Two phases: tools without a schema, then the schema without tools."""
    schema = {"type": "object", "fields": [{"name": "sky", "type": "str"}]}
    replies = [call("weather", city="Rome"), Reply(text="clear"), Reply(data={"sky": "clear"})]

    result, _, server = ask(replies, type=kind, output_schema=schema, outputs=["facts"])

    assert result.state["facts"] == {"sky": "clear"}
    assert [("tools" in sent(server, n), "response_format" in sent(server, n)) for n in range(3)] == [
        (True, False), (True, False), (False, True),
    ]  # fmt: skip


def test_messages_come_between_system_and_prompt(ask):
    messages = [
        {"role": "user", "content": "My name is {city}."},
        {"role": "assistant", "content": "Hello."},
    ]

    _, _, server = ask([Reply(text="ok")], messages=messages, tools=[])

    assert [(each["role"], each["content"]) for each in sent(server, 0)["messages"]] == [
        ("system", "Be brief."),
        ("user", "My name is Rome."),
        ("assistant", "Hello."),
        ("user", "Is it warm in Rome?"),
    ]


@pytest.mark.parametrize("level", ["trace", "off"])
def test_every_call_counts_in_the_figures(ask, level):
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    replies = [
        Reply(tool_calls=[("weather", {"city": "Rome"})], usage=usage),
        Reply(text="Yes.", usage=usage),
    ]

    result, _, _ = ask(replies, level=level)

    assert [each.usage.input_tokens for each in result.model_calls] == [10, 10]


def test_a_tool_may_see_the_state(ask):
    result, _, server = ask([call("look"), Reply(text="ok")], tools=["agentlib:look"])

    assert result.status is Status.OK
    assert json.loads(sent(server, 1)["messages"][-1]["content"]) == [
        "answer",
        "city",
        "facts",
        "log",
    ]
    assert sent(server, 0)["tools"][0]["function"]["parameters"].get("properties", {}) == {}


def test_a_tool_node_calls_one_tool(ask, write):
    config = make(
        [
            {
                "id": "call",
                "type": "tool",
                "tool": "sky",
                "arguments": {"city": "{city}", "days": 2},
                "outputs": ["facts"],
            }
        ],
        [],
        {"city": {"type": "str", "default": "Oslo"}, "facts": "dict"},
    ) | {"tools": {"sky": {"callable": "agentlib:weather", "description": "The sky."}}}

    result, recorded = run(config)

    assert result.state["facts"] == {"city": "Oslo", "sky": "clear", "days": 2}
    assert recorded.outline().splitlines()[1:] == ["  call node ok", "    sky tool ok"]
    assert recorded.span("sky").input == {"city": "Oslo", "days": 2}
