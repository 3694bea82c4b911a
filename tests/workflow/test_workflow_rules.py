"""`retry`, `timeout`, `idle_timeout`, `cache`, and `${node.key}`: the rules around a node's work."""

import time
from itertools import pairwise

import pytest
from flow_maker import edge, make, run

from agentglass.spans import Status, names
from agentglass.testing import LLMServer, capture
from agentglass.testing.llm_server import Fault, Reply
from agentglass.workflow import execute, load, load_config

LIB = """\
import asyncio
import threading
import time

import agentglass
from agentglass.workflow import keep_alive

calls = []


class Busy(Exception):
    retry_after = 0.3


def fails(times, kind):
    calls.append(time.monotonic())
    if len(calls) <= times:
        raise {"busy": Busy, "value": ValueError, "lost": ConnectionResetError}[kind]("not yet")
    return "done"


def sleeps(seconds):
    time.sleep(seconds)


async def waits(seconds):
    await asyncio.sleep(seconds)


def works_on():
    for _ in range(5):
        time.sleep(0.1)
        keep_alive()
    return "done"


def seen(text):
    calls.append(text)
    return {"text": text.upper(), "number": len(calls)}
"""


@pytest.fixture
def lib(write, monkeypatch):
    """A module whose functions fail, hang and count."""
    write(LIB, "ruleslib.py")
    monkeypatch.syspath_prepend(write("", "none.txt").parent)
    import ruleslib

    monkeypatch.setattr(ruleslib, "calls", [])
    return ruleslib


def node(function, inputs=None, **rules):
    return {
        "id": "step",
        "type": "python",
        "callable": f"ruleslib:{function}",
        "inputs": inputs or {},
        "outputs": ["out"],
        **rules,
    }


def flow(*nodes):
    return make(list(nodes), [], {"out": "str"}) | {"outputs": ["out"]}


def below(recorded, name):
    parent = recorded.span(name).span_id
    return [(span.name, str(span.status)) for span in recorded.spans if span.parent_id == parent]


def test_every_attempt_is_a_span(lib):
    """A node is tried again as often as its file says, and the run is ok in the end."""
    result, recorded = run(
        flow(node("fails", {"times": 2, "kind": "value"}, retry={"attempts": 3, "wait": 0}))
    )

    assert (result.status, result.result) == (Status.OK, "done")
    assert below(recorded, "step") == [
        ("attempt 1", "error"),
        ("attempt 2", "error"),
        ("attempt 3", "ok"),
    ]
    assert recorded.span("attempt 2").attributes[names.NODE_ATTEMPT] == 2
    assert recorded.span("step").status is Status.OK


def test_attempts_end(lib):
    result, recorded = run(
        flow(node("fails", {"times": 9, "kind": "value"}, retry={"attempts": 2, "wait": 0}))
    )

    assert isinstance(result.error, ValueError)
    assert len(lib.calls) == 2
    assert recorded.span("step").status is Status.ERROR


@pytest.mark.parametrize(("kind", "attempts"), [("lost", 2), ("value", 1)])
def test_only_what_is_named_is_tried_again(lib, kind, attempts):
    rule = {"attempts": 2, "wait": 0, "errors": ["ConnectionError"]}

    run(flow(node("fails", {"times": 9, "kind": kind}, retry=rule)))

    assert len(lib.calls) == attempts


def test_the_wait_that_a_server_asks_for_is_kept(lib):
    run(flow(node("fails", {"times": 1, "kind": "busy"}, retry={"attempts": 2, "wait": 0})))

    first, second = lib.calls
    assert second - first >= 0.3


def test_retry_after_of_a_real_server_is_kept(write):
    script = [Fault(status=429, retry_after_s=1), Reply(text="hello")]
    with LLMServer(replies=script) as server:
        config = make(
            [{"id": "ask", "prompt": "p", "outputs": ["out"], "retry": {"attempts": 2, "wait": 0}}],
            [],
            {"out": "str"},
        ) | {
            "outputs": ["out"],
            "config": {
                "llm": {"provider": "openai", "model": "fake-1", "api_base": server.base_url},
                "execution": {"max_retries": 0},
            },
        }
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("OPENAI_API_KEY", "any")
            began = time.monotonic()
            result, recorded = run(config)

    assert result.result == "hello"
    assert time.monotonic() - began >= 1
    assert below(recorded, "ask") == [("attempt 1", "error"), ("attempt 2", "ok")]


@pytest.mark.parametrize("function", ["sleeps", "waits"])
def test_a_node_that_takes_too_long_is_timed_out(lib, function):
    result, recorded = run(flow(node(function, {"seconds": 30}, timeout=0.2)))

    assert str(result.error) == "Node 'step' took longer than 0.2 s (timeout)."
    assert result.status is Status.TIMED_OUT
    assert recorded.span("step").status is Status.TIMED_OUT


def test_a_node_without_a_sign_of_life_is_timed_out(lib):
    result, _ = run(flow(node("waits", {"seconds": 30}, idle_timeout=0.2)))

    assert "gave no sign of life for 0.2 s (idle_timeout)" in str(result.error)


def test_a_node_that_says_that_it_works_may_take_its_time(lib):
    result, _ = run(flow(node("works_on", idle_timeout=0.3)))

    assert result.result == "done"


@pytest.mark.parametrize("level", ["trace", "off"])
def test_a_cached_result_is_used_again(lib, level):
    """The second run calls nothing; its step says `cached`."""
    workflow = load_config(
        make(
            [node("seen", {"text": "{word}"}, cache=True, outputs=["text"])],
            [],
            {"word": "str", "text": "str"},
        )
    )

    with capture() as recorded:
        first = execute(workflow, {"word": "sand"}, level=level)
        second = execute(workflow, {"word": "sand"}, level=level)
        other = execute(workflow, {"word": "glass"}, level=level)

    assert lib.calls == ["sand", "glass"]
    assert first.state["text"] == second.state["text"] == "SAND"
    assert [run.steps[0].status for run in (first, second, other)] == ["ok", "cached", "ok"]
    if level == "trace":
        statuses = [str(span.status) for span in recorded.spans if span.name == "step"]
        assert statuses == ["ok", "cached", "ok"]


def test_another_model_gives_another_result(lib):
    def asked(model):
        ask = {"id": "ask", "prompt": "p", "outputs": ["text"], "cache": True}
        llm = {"provider": "fake", "model": model, "options": {"replies": [model]}}
        config = make([ask], [], {"text": "str"}) | {"config": {"llm": llm}}
        return execute(load_config(config), level="off").state["text"]

    assert [asked("a"), asked("b"), asked("a")] == ["a", "b", "a"]


def test_a_cached_result_has_its_time_and_its_key(lib):
    rule = {"key": "{word}", "ttl": 0.2}
    fields = {"word": "str", "text": "str", "noise": "str"}
    inputs = {"text": "{word} {noise}"}
    workflow = load_config(make([node("seen", inputs, cache=rule, outputs=["text"])], [], fields))

    execute(workflow, {"word": "a", "noise": "1"}, level="off")
    same = execute(workflow, {"word": "a", "noise": "2"}, level="off")
    time.sleep(0.25)
    late = execute(workflow, {"word": "a", "noise": "3"}, level="off")

    assert same.state["text"] == "A 1"
    assert late.state["text"] == "A 3"


def test_a_template_can_name_what_a_node_returned(lib):
    fields = {"out": "str", "text": "str", "both": "str"}
    seen = node("seen", {"text": "sand"}, outputs=["text"])
    show = {
        "id": "show",
        "type": "set",
        "values": {
            "both": "${step.text} ${step.number} $${step.text} {{text}}",
            "out": "${shorten.result}",
        },
    }
    shorten = {
        "id": "shorten", "type": "python", "callable": "textwrap:shorten",
        "inputs": {"text": "${text}", "width": 9}, "outputs": ["out"],
    }  # fmt: skip

    result, recorded = run(make([seen, shorten, show], [], fields))

    assert result.state["both"] == "SAND 1 ${step.text} {text}"
    assert result.state["out"] == "SAND"
    resolved = recorded.span("show").attributes[names.TEMPLATE_RESOLUTIONS]
    assert resolved == {"${step.text}": "SAND", "${step.number}": 1, "${shorten.result}": "SAND"}
    assert "agentglass.returned" not in recorded.span("show").input


def test_a_node_that_has_not_run_cannot_be_named(lib):
    nodes = [
        "a",
        node("seen", {"text": "x"}, outputs=["text"]),
        {"id": "show", "type": "set", "values": {"text": "${step.text}"}},
    ]
    ways = {"from": "a", "routes": [{"condition": "len(log) > 9", "to": "step"}], "default": "show"}
    edges = [edge("START", "a"), ways, *(edge(x, y) for x, y in pairwise(["step", "show", "END"]))]

    result, recorded = run(make(nodes, edges, {"text": "str"}))

    assert "names 'step', which is neither an input of the node, a node that has run" in str(
        result.error
    )
    resolved = recorded.span("show").attributes[names.TEMPLATE_RESOLUTIONS]
    assert "neither an input" in resolved["${step.text}"]


def test_fifty_steps_back_and_forth_keep_the_latest(lib):
    nodes = [
        node("seen", {"text": "x"}, outputs=[]),
        {"id": "show", "type": "set", "values": {"n": "${step.number}"}},
    ]
    edges = [
        edge("START", "step"),
        edge("step", "show"),
        {"from": "show", "loop": {"to": "step", "max_iterations": 50, "exit": "END"}},
    ]

    result, _ = run(make(nodes, edges, {"n": "int"}))

    assert result.state["n"] == 50


def test_a_path_to_a_file_is_as_good_as_a_config(write):
    path = write(
        'schema_version: "1.0"\nflow: {name: f}\nstate: {fields: {x: int}}\nnodes: [{id: a, type: set, values: {x: 1}}]\n'
    )

    with capture():
        assert execute(load(path)).result == 1
