"""Input that would run for ever, fill the memory or call something: bounded, with a message."""

import time

import pytest
import yaml
from flow_maker import edge, make, run

from agentglass.spans import Status
from agentglass.testing import LLMServer
from agentglass.testing.llm_server import Reply
from agentglass.workflow import validate_workflow


def problems_of(write, config):
    path = write(yaml.safe_dump(config, sort_keys=False))
    return path, validate_workflow(path)


def test_ten_thousand_nodes_are_refused(write):
    path, problems = problems_of(write, make([f"n{number}" for number in range(10_000)], []))

    problem = next(one for one in problems if one.code == "too-many-nodes")
    assert "There are 10000 nodes; a workflow has at most 2000." in problem.message
    assert problem.file == str(path)
    assert problem.line > 2000


def test_two_thousand_nodes_are_run():
    result, _ = run(
        make(
            [f"n{number}" for number in range(2000)], [], config={"execution": {"max_steps": 3000}}
        )
    )

    assert result.status is Status.OK
    assert len(result.result) == 2000


@pytest.mark.parametrize(
    "condition",
    [
        "__import__('os').system('true')",
        "log.append(1)",
        "''.join(log)",
        "[x for x in log]",
        "(lambda: 1)()",
        "f'{log}'",
        "log := 1",
        "9 ** 9 ** 9",
        "-" * 1500 + "1",
        "(" * 900 + "1" + ")" * 900,
        " and ".join(["1"] * 390),
        "len(log",
        "import os",
        "",
    ],
)
def test_conditions_that_do_more_than_compare_are_refused(write, condition):
    config = make(
        ["a", {"id": "b", "type": "set", "values": {"log": ["b"]}, "when": condition}], []
    )

    _, problems = problems_of(write, config)

    assert [problem.code for problem in problems] == ["condition"]
    assert problems[0].line > 1
    assert problems[0].path == "nodes[1].when"


@pytest.mark.parametrize(
    "condition",
    [
        "'ab' * 1000000000 == 'x'",
        "len(str(log) * 99999999) > 1",
        "[1] * 1000000000 == [2]",
        "'%1000000000d' % 1 == 'x'",
        "'%.1000000000f' % 1.0 == 'x'",
    ],
)
def test_conditions_that_grow_are_stopped(condition):
    began = time.monotonic()

    result, _ = run(
        make(["a", {"id": "b", "type": "set", "values": {"log": ["b"]}, "when": condition}], [])
    )

    assert "The condition" in str(result.error)
    assert result.failed_node == "b"
    assert time.monotonic() - began < 20


def test_a_text_that_doubles_itself_is_stopped():
    config = make(
        [{"id": "double", "type": "set", "values": {"text": "{text}{text}"}}],
        [
            edge("START", "double"),
            {"from": "double", "loop": {"max_iterations": 100, "exit": "END"}},
        ],
        {"text": {"type": "str", "default": "0123456789"}},
    )

    result, _ = run(config)

    assert result.failed_node == "double"
    assert "has more than 16,777,216 characters" in str(result.error)


def test_a_tool_that_hangs_is_given_up(write, monkeypatch):
    write("import time\n\n\ndef hang():\n    time.sleep(600)\n", "hanglib.py")
    monkeypatch.syspath_prepend(write("", "none.txt").parent)
    tool = {"id": "call", "type": "tool", "tool": "hang", "outputs": ["out"]}
    config = make([tool], [], {"out": "str"}) | {
        "tools": {"hang": {"callable": "hanglib:hang", "timeout": 0.2}}
    }

    result, recorded = run(config)

    assert "The tool 'hang' took longer than 0.2 s" in str(result.error)
    assert recorded.span("hang").status is Status.TIMED_OUT


def test_a_model_that_never_answers_in_json_is_given_up(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    with LLMServer(replies=[Reply(text='{"score": ')]) as server:
        config = make(
            [{"id": "rate", "prompt": "p", "output_schema": {"type": "int"}, "outputs": ["score"]}],
            [],
            {"score": "int"},
        ) | {
            "config": {
                "llm": {"provider": "openai", "model": "fake-1", "api_base": server.base_url},
                "execution": {"max_retries": 2},
            }
        }

        result, recorded = run(config)

    assert str(result.error).startswith(
        "Node 'rate': the model's answer cannot be used: it is not JSON"
    )
    assert len([span for span in recorded.spans if span.type == "llm"]) == 3


def test_a_value_that_refers_to_itself_is_no_trap(write, monkeypatch):
    write("def knot():\n    a = []\n    a.append(a)\n    return a\n", "knotlib.py")
    monkeypatch.syspath_prepend(write("", "none.txt").parent)
    config = make(
        [
            {"id": "tie", "type": "python", "callable": "knotlib:knot", "outputs": ["knot"]},
            {"id": "show", "type": "set", "values": {"text": "see {knot}"}},
        ],
        [],
        {"knot": "list", "text": "str"},
    )

    result, _ = run(config)

    assert result.failed_node == "show"
    assert "Node 'show'" in str(result.error)
