"""TraceRun and its steps: fields, what must be there, what cannot be, and what is written."""

import json
import time
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import TypeAdapter, ValidationError
from runs_for_tests import START, small_run

from agentglass.errors import AgentglassError, TraceFormatError
from agentglass.steps import (
    STEP_CLASSES,
    AgentInfo,
    FieldChange,
    InterruptStep,
    LLMCallStep,
    MemoryWriteStep,
    ResourceImpact,
    RetrievalResult,
    RunState,
    StepType,
    TaskInfo,
    ToolCallStep,
    TraceRun,
    TraceStep,
    UserInputStep,
)

BASE = {"step_id": "1", "timestamp": START}
SMALLEST = {
    "user_input": {"content": "hi"},
    "llm_call": {"model": "m", "input": "q", "output": "a"},
    "tool_call": {"tool_name": "t", "arguments": {}, "result": None},
    "retrieval": {"query": "q", "results": [], "match_count": 0},
    "memory_read": {"query": "q", "results": [], "match_count": 0},
    "memory_write": {"entity_type": "fact", "operation": "add", "data": {}},
    "state_change": {"state_key": "k", "new_value": None},
    "interrupt": {"prompt": "ok?", "response": "yes", "wait_duration_ms": 0},
    "final_output": {"content": None},
}
"""Step type -> what it needs beside an id and a time."""
OPTIONAL = {
    "user_input": {"input_type"},
    "llm_call": {
        "tokens_in",
        "tokens_out",
        "tokens_total",
        "latency_ms",
        "cost_estimate",
        "provider",
    },
    "tool_call": {"latency_ms", "success", "error", "resource_impact"},
    "retrieval": {"latency_ms"},
    "memory_read": {"relevance_scores", "total_available"},
    "memory_write": {
        "entity_type",
        "entity_id",
        "namespace",
        "key",
        "changes",
        "triggered_by_step_id",
    },
    "state_change": {"old_value", "reason"},
    "interrupt": set(),
    "final_output": {"format"},
}
OF_EVERY_STEP = {"step_id", "step_type", "timestamp", "parent_step_id", "duration_ms", "metadata"}
any_step = TypeAdapter(TraceStep)


def a_tool_call(step_id="1", **fields):
    return ToolCallStep(**{**BASE, **SMALLEST["tool_call"], "step_id": step_id, **fields})


def test_there_are_nine_types_of_step():
    """T007, T013, FR-004."""
    assert [str(each) for each in StepType] == list(STEP_CLASSES)
    assert sorted(STEP_CLASSES) == sorted(SMALLEST)


@pytest.mark.parametrize("kind", SMALLEST)
def test_a_step_has_the_fields_of_the_specification_and_needs_the_required_ones(kind):
    """T009, T017, T018, T019, T020, T021, T022, FR-003, FR-004a, FR-005, FR-006, FR-007, FR-008,
    FR-008a, FR-008b, FR-008c, FR-008d."""
    cls = STEP_CLASSES[kind]
    fields = cls.model_fields

    assert set(fields) == OF_EVERY_STEP | set(SMALLEST[kind]) | OPTIONAL[kind]
    assert cls(**BASE, **SMALLEST[kind]).step_type == kind
    for name in SMALLEST[kind]:
        others = {key: value for key, value in SMALLEST[kind].items() if key != name}
        with pytest.raises(ValidationError, match=name):
            cls(**BASE, **others)


@pytest.mark.parametrize("kind", SMALLEST)
def test_the_type_in_a_file_chooses_the_class(kind):
    """T011, T023."""
    step = any_step.validate_python({**BASE, "step_type": kind, **SMALLEST[kind], "later": 1})

    assert type(step) is STEP_CLASSES[kind]
    assert not hasattr(step, "later")
    with pytest.raises(ValidationError):
        any_step.validate_python({**BASE, "step_type": "no such", **SMALLEST[kind]})


def test_every_step_has_an_id_a_type_and_a_time_and_may_have_a_parent():
    """T008, T016."""
    step = a_tool_call(parent_step_id="0", metadata={"a": None}, duration_ms=1.5)

    assert json.loads(step.model_dump_json()) == {
        "step_id": "1",
        "step_type": "tool_call",
        "timestamp": "2026-11-21T09:00:00Z",
        "parent_step_id": "0",
        "duration_ms": 1.5,
        "metadata": {"a": None},
        "tool_name": "t",
        "arguments": {},
        "result": None,
    }
    for wrong in ({"step_id": ""}, {"timestamp": "soon"}, {"duration_ms": -1}):
        with pytest.raises(ValidationError):
            a_tool_call(**wrong)


def test_agent_and_task_say_who_and_what():
    """T014, FR-002."""
    run = small_run(
        ended_at=START,
        agent_info=AgentInfo(name="b", version="1", framework="crewai", framework_version="2"),
        task_info=TaskInfo(description="d", goal="g", input={"a": 1}),
        metadata={"k": 1},
    )

    written = json.loads(run.to_json())
    assert written["agent_info"]["framework_version"] == "2"
    assert written["task_info"] == {"description": "d", "goal": "g", "input": {"a": 1}}
    assert {"run_id", "started_at", "ended_at", "metadata"} < set(written)
    assert TaskInfo().model_dump_json() == "{}"
    with pytest.raises(ValidationError):
        AgentInfo()


def test_parts_of_steps_keep_their_bounds():
    """T015."""
    impact = ResourceImpact(amount=1.5, unit="kWh", breakdown={"gpu": 1.5})
    assert a_tool_call(resource_impact=impact).resource_impact.unit == "kWh"
    assert RetrievalResult(content="c", score=1, metadata={"p": 1}).score == 1
    assert FieldChange(path="$.a", new_value=None).model_dump() == {
        "path": "$.a",
        "new_value": None,
    }
    for wrong in (1.1, -0.1, float("nan")):
        with pytest.raises(ValidationError):
            RetrievalResult(content="c", score=wrong)


def test_a_memory_is_written_by_entity_or_by_namespace():
    by_key = MemoryWriteStep(
        **BASE, operation="put", data=1, namespace=["users", "ann"], key="likes"
    )

    assert by_key.entity_type is None
    with pytest.raises(ValidationError, match="`entity_type`, or `namespace`"):
        MemoryWriteStep(**BASE, operation="put", data=1)
    with pytest.raises(ValidationError, match="operation"):
        MemoryWriteStep(**BASE, operation="drop", data=1, entity_type="x")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"run_id": "7"}, "UUID of version 4"),
        ({"run_id": str(uuid.uuid1())}, "UUID of version 4"),
        ({"ended_at": START - timedelta(seconds=1)}, "before `started_at`"),
        ({"steps": [a_tool_call(), a_tool_call()]}, "step 2, `step_id`: '1' is there twice"),
        (
            {"steps": [a_tool_call(parent_step_id="9")]},
            "step 1 '1', `parent_step_id`: there is no step '9'",
        ),
        ({"steps": None}, "steps"),
    ],
)
def test_a_run_that_cannot_be_is_refused_by_the_name_of_its_fault(fields, message):
    """T010, T024."""
    with pytest.raises(ValidationError, match=message):
        small_run(**fields)
    text = json.dumps({**json.loads(small_run().to_json()), **_as_json(fields)})
    with pytest.raises(TraceFormatError, match=message):
        TraceRun.from_json(text)


def _as_json(fields):
    return json.loads(json.dumps(fields, default=_plain))


def _plain(value):
    return value.isoformat() if isinstance(value, datetime) else json.loads(value.model_dump_json())


def test_errors_are_those_of_agentglass():
    """T025."""
    assert issubclass(TraceFormatError, AgentglassError)
    assert issubclass(TraceFormatError, ValueError)


def test_the_public_names_are_there():
    """T026."""
    import agentglass.steps

    assert all(hasattr(agentglass.steps, name) for name in agentglass.steps.__all__)


def test_steps_stand_in_the_order_of_their_start_and_then_of_their_coming():
    late, early = START + timedelta(seconds=1), START - timedelta(seconds=1)
    run = small_run(steps=[a_tool_call("c", timestamp=late), a_tool_call("a"), a_tool_call("b")])
    run.add_step(a_tool_call("first", timestamp=early))
    run.add_step(a_tool_call("d", timestamp=late))
    run.add_step(a_tool_call("a2", parent_step_id="c"))

    assert [step.step_id for step in run.steps] == ["first", "a", "b", "a2", "c", "d"]


def test_a_step_that_cannot_be_added_is_refused():
    run = small_run(steps=[a_tool_call()])

    with pytest.raises(TraceFormatError, match="There is a step '1' already"):
        run.add_step(a_tool_call())
    with pytest.raises(TraceFormatError, match="there is no step 'x'"):
        run.add_step(a_tool_call("2", parent_step_id="x"))
    assert len(run.steps) == 1


def test_a_time_without_a_zone_is_utc_and_others_become_utc():
    assert a_tool_call(timestamp="2026-11-21T09:00:00").timestamp == START
    east = START.astimezone(timezone(timedelta(hours=2)))
    assert a_tool_call(timestamp=east).timestamp.tzinfo is UTC


def test_times_are_kept_to_the_millisecond_at_least():
    """SC-005."""
    exact = START + timedelta(milliseconds=123, microseconds=456)
    run = small_run(started_at=exact, steps=[a_tool_call(timestamp=exact)])

    written = json.loads(run.to_json())

    assert written["started_at"] == "2026-11-21T09:00:00.123456Z"
    assert TraceRun.from_json(run.to_json()).steps[0].timestamp == exact


def test_only_optional_nulls_are_left_out():
    run = small_run(steps=[a_tool_call(arguments={"limit": None})])

    short = json.loads(run.to_json())["steps"][0]
    long = json.loads(run.to_json(exclude_none=False))["steps"][0]

    assert short["result"] is None
    assert short["arguments"] == {"limit": None}
    assert "success" not in short
    assert long["success"] is None
    assert TraceRun.from_json(run.to_json(exclude_none=False)).to_json() == run.to_json()


def test_a_run_goes_from_created_to_completed_or_failed():
    error = {"error": {"type": "ValueError", "message": "no"}}

    assert small_run().state is RunState.CREATED
    assert small_run(steps=[a_tool_call()]).state is RunState.RUNNING
    assert small_run(ended_at=START).state is RunState.COMPLETED
    assert small_run(ended_at=START, metadata=error).state is RunState.FAILED


def test_a_run_finds_its_steps_and_adds_up_its_tokens():
    def call(step_id, **tokens):
        return LLMCallStep(**{**BASE, "step_id": step_id}, **SMALLEST["llm_call"], **tokens)

    run = small_run(
        steps=[
            call("a", tokens_in=3, tokens_out=4),
            call("b", tokens_total=10, tokens_in=1),
            call("c"),
            a_tool_call("d"),
            UserInputStep(**{**BASE, "step_id": "e"}, content="hi"),
        ]
    )

    assert [step.step_id for step in run.get_llm_calls()] == ["a", "b", "c"]
    assert [step.step_id for step in run.get_tool_calls()] == ["d"]
    assert [step.step_id for step in run.get_steps_by_type("user_input")] == ["e"]
    assert (run.total_tokens(), run.total_tool_calls()) == (17, 1)


def test_values_that_are_no_json_are_written_as_the_record_keeps_them():
    class Odd:
        def __repr__(self):
            return "<odd>"

    run = small_run(
        steps=[
            a_tool_call("a", result=float("nan")),
            a_tool_call("b", result={"x": Odd(), "y": float("inf")}),
            a_tool_call("c", result={1, 2}),
        ]
    )
    assert [step["result"] for step in json.loads(run.to_json())["steps"]] == [
        "NaN",
        {"x": "<odd>", "y": "Infinity"},
        [1, 2],
    ]
    run.steps[0].result = "half of a \ud83d"
    assert json.loads(run.to_json())["steps"][0]["result"] == "half of a \ufffd"


def test_an_open_question_has_no_answer_yet():
    asked = InterruptStep(**BASE, prompt="Go on?", response=None, wait_duration_ms=0)

    assert json.loads(asked.model_dump_json())["response"] is None


def a_long_run(count):
    step = {**SMALLEST["llm_call"], "input": "q" * 500, "output": "a" * 500, "tokens_in": 9}
    steps = [LLMCallStep(**{**BASE, "step_id": str(number)}, **step) for number in range(count)]
    return small_run(steps=steps)


def test_a_thousand_steps_become_json_in_no_time():
    """T012, T096, SC-003: 100 ms, with 20x slack for machines that do other work."""
    run = a_long_run(1_000)

    began = time.perf_counter()
    text = run.to_json()

    assert time.perf_counter() - began < 0.1 * 20
    assert len(text) > 1_000_000


def test_ten_thousand_steps_are_written_and_read():
    """T095, SC-004."""
    run = a_long_run(10_000)

    assert len(TraceRun.from_json(run.to_json()).steps) == 10_000
