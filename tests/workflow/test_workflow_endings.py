"""How runs end that do not end well."""

import asyncio
import sys

import pytest
from langgraph.errors import GraphInterrupt, ParentCommand
from langgraph.types import Command

import agentglass
from agentglass.errors import InputError, WorkflowExecutionError, WorkflowFileError
from agentglass.spans import Status
from agentglass.testing import capture
from agentglass.workflow import (
    aexecute,
    arun,
    compile_workflow,
    execute,
    load,
    run_workflow,
)

FAILING = """\
schema_version: "1.0"
flow: {name: failing}
state: {fields: {text: str, words: int, notes: {type: list, reducer: append}, report: str}}
nodes:
  - {id: measure, type: python, callable: "steps:count", inputs: {text: "{text}"},
     outputs: [words, notes]}
  - {id: break, type: python, callable: "steps:%s", inputs: {words: "{words}"}}
  - {id: report, type: set, values: {report: done}}
"""


@pytest.mark.parametrize("function", ["fail", "afail"])
@pytest.mark.parametrize("level", ["off", "metrics", "trace"])
@pytest.mark.parametrize("kind", [RuntimeError, AttributeError, ImportError])
def test_a_failing_node_runs_once_and_its_exception_arrives_unchanged(
    steps, write, monkeypatch, function, level, kind
):
    """A-US1.2: the failing span carries the exception, the spans before it say ok."""
    path = write(FAILING % function)
    load(path)
    module = sys.modules["steps"]
    mine = kind("mine")
    monkeypatch.setattr(module, "error", mine)
    monkeypatch.setattr(module, "calls", [])

    with capture() as recorded, pytest.raises(WorkflowExecutionError) as caught:
        run_workflow(path, {"text": "a b"}, level=level)

    assert caught.value.original_error is mine
    assert (caught.value.phase, caught.value.node_id) == ("node", "break")
    assert module.calls == ["count", "fail"]
    if level != "off":
        assert recorded.outline().splitlines() == [
            "failing workflow error",
            "  measure node ok",
            "  break node error",
        ]
        assert recorded.span("break").error.message.startswith("mine")


def test_a_failed_run_is_a_result_for_execute(steps, write, monkeypatch):
    workflow = load(write(FAILING % "fail"))
    mine = KeyError("mine")
    monkeypatch.setattr(sys.modules["steps"], "error", mine)

    with capture():
        result = execute(workflow, {"text": "a b"})

    assert result.error is mine
    assert result.status is Status.ERROR
    assert result.failed_node == "break"
    assert result.result is None
    assert result.state["words"] == 2
    assert [(step.node_id, step.status) for step in result.steps] == [
        ("measure", Status.OK),
        ("break", Status.ERROR),
    ]
    assert (result.workflow_name, result.nodes_total) == ("failing", 3)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ('callable: "steps:many", outputs: [words]', "'words': expected int, got 'many'"),
        ('callable: "steps:many", outputs: [words, text]', "returned a str"),
        ('callable: "textwrap:dedent", inputs: {text: "{text[3]}"}', r"\[3\] needs a list"),
    ],
)
def test_a_node_at_fault_is_named(one_node, node, message):
    path = one_node(node, text_type="list")

    with capture(), pytest.raises(WorkflowExecutionError, match=f"Node 'only'.*{message}"):
        run_workflow(path)


def test_a_node_that_raises_stop_iteration_ends_the_run(one_node):
    with capture(), pytest.raises(WorkflowExecutionError, match="StopIteration"):
        run_workflow(one_node('callable: "steps:stop"'))


def test_a_node_that_leaves_the_program_is_recorded_as_failed(one_node):
    with capture() as recorded:
        result = execute(load(one_node('callable: "steps:leave"')))

    assert isinstance(result.error, SystemExit)
    assert result.status is Status.ERROR
    assert recorded.span("only").status is Status.ERROR


def test_a_node_that_cancels_itself_ends_in_a_cancelled_result(one_node):
    with capture() as recorded:
        result = execute(load(one_node('callable: "steps:give_up"')))

    assert result.status is Status.CANCELLED
    assert [span.status for span in recorded.spans] == [Status.CANCELLED, Status.CANCELLED]


@pytest.mark.parametrize(
    ("exception", "status"),
    [(GraphInterrupt, Status.INTERRUPTED), (ParentCommand, Status.OK)],
)
def test_langgraphs_control_flow_is_no_error(flow, exception, status):
    compile_workflow(load(flow))

    with capture() as recorded, pytest.raises(exception), agentglass.span("node"):
        raise exception(Command())

    assert recorded.span("node").status is status
    assert recorded.span("node").error is None


@pytest.mark.parametrize(
    "node", ['callable: "steps:wait", inputs: {seconds: 30}', 'callable: "steps:block"']
)
def test_a_run_that_takes_too_long_is_timed_out(one_node, node):
    workflow = load(one_node(node, "config: {execution: {timeout: 0.5}}\n"))

    with capture() as recorded:
        result = execute(workflow)

    assert result.status is Status.TIMED_OUT
    assert isinstance(result.error, TimeoutError)
    assert "longer than 0.5 s" in str(result.error)
    assert "'only'" in str(result.error)
    root, node_span = recorded.spans
    assert root.status is Status.TIMED_OUT
    assert node_span.status is Status.CANCELLED


def test_ctrl_c_ends_in_a_cancelled_result(one_node):
    workflow = load(one_node('callable: "steps:interrupt"'))

    with capture() as recorded:
        result = execute(workflow)

    assert result.status is Status.CANCELLED
    assert isinstance(result.error, KeyboardInterrupt)
    assert [span.status for span in recorded.spans] == [Status.CANCELLED, Status.CANCELLED]


async def test_a_cancelled_task_stays_cancelled_and_is_recorded_so(one_node):
    workflow = load(one_node('callable: "steps:wait", inputs: {seconds: 30}'))

    with capture() as recorded:
        task = asyncio.create_task(aexecute(workflow))
        while not sys.modules["steps"].calls:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert [span.status for span in recorded.spans] == [Status.CANCELLED, Status.CANCELLED]


async def test_inside_a_running_loop_the_async_entry_is_named(flow):
    with pytest.raises(RuntimeError, match=r"await arun\("):
        run_workflow(flow, {"text": "a"})
    with pytest.raises(RuntimeError, match=r"await aexecute\("):
        execute(load(flow), {"text": "a"})

    with capture():
        result = await arun(flow, {"text": "a"})

    assert result.result == "a: 1"


def test_wrong_inputs_make_no_run(flow):
    with capture() as recorded:
        with pytest.raises(InputError, match=r"'text' .* is missing: What to count"):
            run_workflow(flow)
        with pytest.raises(InputError, match="Did you mean 'text'"):
            run_workflow(flow, {"txet": "a"})

    assert recorded.spans == []


def test_a_wrong_file_makes_no_run(write):
    with capture() as recorded, pytest.raises(WorkflowFileError):
        run_workflow(write("flow: 1\n"))

    assert recorded.spans == []
