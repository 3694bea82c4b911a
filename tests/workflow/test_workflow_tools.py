"""Calls of tools: how they end, and what is recorded of them."""

import asyncio
from dataclasses import replace

import pytest
from langgraph.errors import GraphInterrupt

import agentglass
from agentglass.errors import ToolError
from agentglass.spans import SpanType, Status, names
from agentglass.steps import run_from_trace
from agentglass.testing import capture
from agentglass.workflow.tools import load_tool

TOOLS = '''\
import asyncio
import threading
from functools import partial
from typing import Literal

from langgraph.errors import GraphInterrupt

import agentglass

calls = []
error = ConnectionError("down")


def find(text: str, limit: int = 3, *, exact: bool = False) -> list[str]:
    """Find documents
    by a word.

    More about it.

    Args:
        text: What to look for,
            in any language.
        limit (int): How many.

    Returns:
        exact: is no argument here.
    """
    calls.append((text, limit, exact))
    return [text] * limit


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return number * 2


def later(number: int):
    return double(number)


class Adder:
    """Adds."""

    async def __call__(self, a: int, b: int = 1) -> int:
        return a + b


add = Adder()
find_two = partial(find, limit=2)


def look(state, key: str):
    with agentglass.span("inner"):
        state["seen"] = True
        return state[key]


def visit(state: Literal["Ohio", "Utah"]):
    return state


def tag(name: str, **labels: str):
    return {"name": name, **labels}


def hang(name: str = "x"):
    calls.append("hang")
    threading.Event().wait(30)


async def hang_async():
    await asyncio.sleep(30)


def own_limit():
    raise TimeoutError("the server is slow")


def flaky(times: int):
    calls.append("flaky")
    if len(calls) < times:
        raise error
    return "up"


def refuse(name: str):
    calls.append("refuse")
    raise error


def pause():
    calls.append("pause")
    raise GraphInterrupt(())


async def leave():
    calls.append("leave")
    raise asyncio.CancelledError


def thing():
    return threading.Lock()
'''


@pytest.fixture
def directory(tmp_path):
    """The directory of a workflow, with a module of tools in it."""
    (tmp_path / "tools.py").write_text(TOOLS)
    return tmp_path


@pytest.fixture
def load(directory):
    """Load a tool of the module."""
    return lambda function, **options: load_tool(f"tools:{function}", directory, **options)


def module_of(tool):
    return tool.function.__globals__


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("find", '{"text": "a", "limit": "2"}', ["a", "a"]),
        ("find_two", {"text": "b"}, ["b", "b"]),
        ("double", '{"number": 4}', 8),
        ("later", '{"number": 4}', 8),
        ("add", '{"a": 4}', 5),
        ("thing", "", None),
        ("tag", '{"name": "n", "colour": "red"}', {"name": "n", "colour": "red"}),
        ("visit", '{"state": "Ohio"}', "Ohio"),
    ],
)
async def test_functions_of_all_kinds_can_be_tools(load, name, arguments, expected):
    result = await load(name).call(arguments)

    assert expected is None or result == expected


async def test_a_call_is_one_span(load):
    with capture() as recorded:
        result = await load("find").call('{"text": "a", "limit": "2"}', call_id="call-7")

    (span,) = recorded.spans
    assert (span.name, span.type, span.status) == ("find", SpanType.TOOL, Status.OK)
    assert span.input == {"text": "a", "limit": "2"}
    assert span.output == result == ["a", "a"]
    assert span.attributes == {
        names.OPERATION: "execute_tool",
        names.TOOL_NAME: "find",
        names.TOOL_CALL_ID: "call-7",
    }
    assert [(event.name, event.attributes) for event in span.events] == [
        ("tool.attempt", {"number": 1})
    ]


async def test_the_state_is_given_by_us_and_not_by_the_model(load):
    tool = load("look")
    state = {"key": 3}

    with capture() as recorded:
        result = await tool.call('{"key": "key"}', state=state)

    assert result == 3
    assert state == {"key": 3}
    assert list(tool.schema["properties"]) == ["key"]
    assert recorded.outline().splitlines() == ["look tool ok", "  inner span ok"]
    assert recorded.span("look").input == {"key": "key"}
    with pytest.raises(ToolError, match="there is no argument 'state'"):
        await tool.call({"key": "key", "state": {}})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('{"text": "a"', "Tool 'find': the arguments are not valid JSON (Expecting ',' delimiter"),
        ("[" * 100_000, "Tool 'find': the arguments are not valid JSON (nested too deep)"),
        ("[1]", "Tool 'find': the arguments are JSON of type 'list'. Expected one object."),
        ("{}", "Tool 'find': the argument 'text' is missing. Arguments: text, limit, exact."),
        (
            '{"text": "a", "limt": 3}',
            "there is no argument 'limt' (Did you mean 'limit'?). Arguments: text, limit, exact.",
        ),
        ('{"text": "a", "limit": "few"}', "the argument 'limit': Input should be a valid integer"),
        ({"text": ["x" * 1000]}, "the argument 'text': Input should be a valid string, got ['xxx"),
    ],
)
async def test_arguments_that_do_not_fit_are_told_in_words(load, arguments, message):
    tool = load("find", retries=3)

    with capture() as recorded, pytest.raises(ToolError) as caught:
        await tool.call(arguments)

    assert message in str(caught.value)
    assert len(str(caught.value)) < 400
    assert module_of(tool)["calls"] == []
    (span,) = recorded.spans
    assert span.status is Status.ERROR
    assert span.error.message == str(caught.value)
    assert span.input is not None
    assert span.events == []


async def test_an_exception_reaches_the_caller_unchanged(load):
    tool = load("refuse", retries=1)
    tool = replace(tool, backoff_s=0)

    with capture() as recorded, pytest.raises(ConnectionError) as caught:
        await tool.call({"name": "a"})

    assert caught.value is module_of(tool)["error"]
    assert module_of(tool)["calls"] == ["refuse", "refuse"]
    (span,) = recorded.spans
    assert (span.status, span.error.type) == (Status.ERROR, "ConnectionError")
    assert [event.attributes for event in span.events] == [
        {"number": 1, "error": "ConnectionError: down"},
        {"number": 2, "error": "ConnectionError: down"},
    ]


async def test_a_call_that_works_at_last_is_ok(load):
    tool = replace(load("flaky", retries=5), backoff_s=0)

    with capture() as recorded:
        result = await tool.call({"times": 3})

    assert result == "up"
    (span,) = recorded.spans
    assert span.status is Status.OK
    assert [event.attributes["number"] for event in span.events] == [1, 2, 3]
    assert "error" not in span.events[2].attributes


@pytest.mark.parametrize("name", ["hang", "hang_async"])
async def test_a_tool_that_hangs_is_given_up(load, name):
    with capture() as recorded, pytest.raises(TimeoutError) as caught:
        await load(name, timeout_s=0.05).call({})

    assert f"The tool {name!r} took longer than 0.05 s." in str(caught.value)
    (span,) = recorded.spans
    assert span.status is Status.TIMED_OUT


async def test_a_hanging_tool_does_not_hold_up_others(load):
    hanging = asyncio.create_task(load("hang").call({}))
    await asyncio.sleep(0)

    assert await load("double").call({"number": 1}) == 2

    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging


async def test_a_time_limit_of_the_function_keeps_its_own_words(load):
    with pytest.raises(TimeoutError, match="the server is slow"):
        await load("own_limit").call({})


async def test_a_cancellation_is_not_tried_again(load):
    tool = load("leave", retries=3)

    with capture() as recorded, pytest.raises(asyncio.CancelledError):
        await tool.call({})

    assert module_of(tool)["calls"] == ["leave"]
    assert recorded.spans[0].status is Status.CANCELLED


async def test_an_interrupt_of_the_run_is_not_tried_again(load):
    tool = load("pause", retries=3)

    with capture() as recorded, pytest.raises(GraphInterrupt):
        await tool.call({})

    assert module_of(tool)["calls"] == ["pause"]
    assert recorded.spans[0].status is Status.INTERRUPTED


async def test_a_result_of_any_type_is_passed_on(load):
    with capture() as recorded:
        lock = await load("thing").call({})

    assert lock.acquire(blocking=False)
    assert "lock" in str(recorded.spans[0].output)


async def test_a_tool_works_where_nothing_is_recorded(load):
    with capture(level="off") as recorded:
        assert await load("double").call({"number": 2}) == 4

    assert recorded.traces == []


async def test_a_call_is_a_step_of_the_trace_run(load):
    with capture() as recorded, agentglass.trace("run"):
        await load("find").call({"text": "a", "limit": 1})

    (step,) = run_from_trace(recorded.trace).steps
    assert (step.tool_name, step.arguments) == ("find", {"text": "a", "limit": 1})
    assert (step.result, step.success) == (["a"], True)
