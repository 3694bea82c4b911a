"""The Tracer: a run said step by step, in the file, in memory and in the store alike."""

import asyncio
import json
import logging
import os
import stat
import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest

import agentglass
from agentglass.errors import StepValidationError, TracerError
from agentglass.record import Recorder, use_recorder
from agentglass.spans import Status
from agentglass.steps import AgentInfo, RunState, TaskInfo, Tracer, TraceRun, run_from_trace
from agentglass.testing import FakeClock, capture

SECRET = "sk-1234567890abcdefghijklmnop"


def steps_of(run):
    return [(step.step_id, str(step.step_type)) for step in run.steps]


def plain(run):
    """Return a run as JSON, without what only spans know."""
    record = json.loads(run.to_json())
    for each in (record, *record["steps"]):
        metadata = {
            key: value
            for key, value in (each.get("metadata") or {}).items()
            if not key.startswith("agentglass.")
        }
        each["metadata"] = metadata or None
    return record


def test_every_kind_of_step_is_recorded_by_its_method():
    """CF-US4.1, T076, T082, T083, T084, T085, T086, T087, T088, FR-011."""
    with capture(), Tracer.run("bot") as tracer:
        ids = [
            tracer.user_input("The oldest book?", input_type="text"),
            tracer.llm_call("m", [{"role": "user", "content": "q"}], {"a": 1}, tokens_in=3,
                            tokens_out=4, tokens_total=7, latency_ms=5, cost_estimate=0.25,
                            provider="openai"),
            tracer.tool_call("t", {"a": None}, None, latency_ms=1, success=False, error="no",
                             resource_impact={"amount": 1, "unit": "USD"}),
            tracer.retrieval("q", [{"content": "c", "score": 0.5}], latency_ms=2),
            tracer.memory_read({"k": 1}, [1, None], relevance_scores=[0.1], total_available=9),
            tracer.memory_write("fact", "add", {"x": 1}, entity_id="7"),
            tracer.memory_write(None, "put", 1, namespace=["a"], key="k",
                                changes=[{"path": "$.x", "new_value": None}],
                                triggered_by_step_id="step-0005"),
            tracer.interrupt("Go on?", "yes", 40),
            tracer.state_change("shelf", "B", old_value="A", reason="empty"),
            tracer.final_output({"title": "A herbal"}, format="json"),
        ]  # fmt: skip
        run = tracer.get_trace()

    assert ids == [f"step-{number:04}" for number in range(1, 11)]
    by_id = {step.step_id: step for step in run.steps}
    assert isinstance(run, TraceRun)
    assert by_id["step-0002"].cost_estimate == 0.25
    assert by_id["step-0003"].result is None
    assert by_id["step-0003"].resource_impact.unit == "USD"
    assert by_id["step-0005"].match_count == 2
    assert by_id["step-0007"].changes[0].path == "$.x"
    assert by_id["step-0010"].content == {"title": "A herbal"}


def test_a_search_is_recorded_with_its_query_results_and_scores():
    """CF-US4.2."""
    with capture(), Tracer.run("bot") as tracer:
        tracer.retrieval(
            "oldest book",
            [{"content": "A bestiary", "score": 0.93, "metadata": {"page": 3}}],
            match_count=17,
        )

    (step,) = tracer.get_trace().steps
    assert (step.query, step.match_count) == ("oldest book", 17)
    assert step.results[0].model_dump() == {
        "content": "A bestiary",
        "score": 0.93,
        "metadata": {"page": 3},
    }


async def test_concurrent_steps_of_an_async_run_stand_in_their_order():
    """CF-US4.3, T077, T091, FR-013."""

    async def work(tracer, name, pauses):
        await asyncio.sleep(pauses)
        parent = await tracer.llm_call("m", name, "")
        with tracer.nested(parent):
            await asyncio.sleep(0.001)
            await tracer.tool_call(name, {}, None)

    with capture() as recorded:
        async with Tracer.run_async("bot") as tracer:
            await asyncio.gather(*(work(tracer, f"w{n}", 0.002 * (5 - n)) for n in range(5)))

    run = tracer.get_trace()
    times = [step.timestamp for step in run.steps]
    assert times == sorted(times)
    assert [step.input for step in run.get_llm_calls()] == ["w4", "w3", "w2", "w1", "w0"]
    calls = {step.step_id: step.input for step in run.get_llm_calls()}
    assert {step.tool_name: calls[step.parent_step_id] for step in run.get_tool_calls()} == {
        f"w{n}": f"w{n}" for n in range(5)
    }
    assert recorded.trace.completeness.is_complete


def test_threads_record_at_once_and_nothing_is_lost_or_mixed():
    """FR-014."""
    with capture() as recorded, Tracer.run("bot") as tracer:

        def work(name):
            for number in range(50):
                call = tracer.llm_call("m", f"{name} {number}", "")
                with tracer.nested(call):
                    tracer.tool_call(f"{name} {number}", {}, None)

        threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    run = tracer.get_trace()
    calls = {step.step_id: step.input for step in run.get_llm_calls()}
    assert len(run.steps) == 1600
    assert all(calls[step.parent_step_id] == step.tool_name for step in run.get_tool_calls())
    assert len({step.step_id for step in run.steps}) == 1600
    assert recorded.trace.completeness.is_complete


def test_the_store_has_the_same_run():
    with capture() as recorded, Tracer.run("bot", TaskInfo(goal="g", input={"q": 1})) as tracer:
        tracer.user_input(f"use {SECRET}")
        call = tracer.llm_call("m", "q", "a", tokens_in=3, latency_ms=7, cost_estimate=0.001)
        tracer.tool_call("t", {}, None, success=False, error="no", parent_step_id=call)
        tracer.memory_write(None, "put", 1, namespace=["a"], metadata={"k": [None]})

    stored = run_from_trace(recorded.trace)
    assert plain(stored) == plain(tracer.get_trace())
    assert recorded.trace.summary.run_id == tracer.run_id
    assert recorded.outline() == (
        "bot workflow ok\n  chat m llm ok\n    t tool error\n  user input user_input ok\n"
        "  a memory_write ok"
    )


def test_secrets_are_in_no_copy():
    with capture(), Tracer.run("bot", {"input": {"api_key": SECRET}}) as tracer:
        tracer.user_input(f"use {SECRET}")
        tracer.tool_call("t", {"password": "hunter2!"}, [f"Bearer {SECRET}"], error=SECRET)
        tracer.llm_call("m", [{"content": SECRET}], {"x": SECRET}, metadata={"token": SECRET})

    text = tracer.to_json()
    assert SECRET not in text
    assert "hunter2!" not in text
    assert text.count("[REDACTED]") >= 7


def test_an_exception_makes_a_failed_run_and_goes_on(tmp_path):
    with capture() as recorded:
        with pytest.raises(ValueError, match="no facts") as caught:
            with Tracer.run("bot", output_path=tmp_path) as tracer:
                tracer.user_input("q")
                raise ValueError("no facts")

    run = tracer.get_trace()
    assert run.state is RunState.FAILED
    assert (run.metadata["error"]["type"], run.metadata["error"]["message"]) == (
        "ValueError",
        "no facts",
    )
    assert "raise ValueError" in run.metadata["error"]["stacktrace"]
    assert recorded.trace.summary.status is Status.ERROR
    assert TraceRun.from_json((tmp_path / f"trace-{run.run_id}.json").read_text()).state == "failed"
    assert caught.value.__traceback__ is not None


async def test_a_cancelled_run_is_a_failed_one():
    async def work():
        async with Tracer.run_async("bot") as tracer:
            found.append(tracer)
            await asyncio.sleep(60)

    found = []
    with capture():
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert found[0].get_trace().state is RunState.FAILED


def test_a_step_began_as_long_ago_as_it_took_and_never_before_its_run_or_parent():
    clock = FakeClock(1_800_000_000 * 10**9)
    with capture(clock=clock), Tracer.run("bot") as tracer:
        clock.advance(1.0)
        call = tracer.llm_call("m", "q", "a", latency_ms=300)
        tracer.tool_call("t", {}, None, latency_ms=900, parent_step_id=call)
        tracer.tool_call("long", {}, None, latency_ms=5_000)
        exact = datetime(2027, 1, 15, 8, 0, 0, 500_000, tzinfo=UTC)
        tracer.user_input("hi", timestamp=exact)

    run = tracer.get_trace()
    began = {step.step_id: (step.timestamp - run.started_at).total_seconds() for step in run.steps}
    assert began["step-0001"] == pytest.approx(0.7, abs=0.01)
    assert began["step-0002"] == began["step-0001"]
    assert began["step-0003"] == 0
    assert run.get_steps_by_type("user_input")[0].timestamp == exact
    assert {step.step_id: step.duration_ms for step in run.steps}["step-0001"] == 300


def test_without_auto_timestamps_every_step_says_its_time():
    with capture(), Tracer.run("bot", auto_timestamps=False) as tracer:
        tracer.user_input("hi", timestamp=datetime.now(UTC))
        with pytest.raises(StepValidationError, match="without `timestamp`"):
            tracer.user_input("hi")


def test_nested_blocks_give_their_steps_a_parent():
    """T079."""
    with capture(), Tracer.run("bot") as tracer:
        outer = tracer.llm_call("m", "q", "a")
        with tracer.nested(outer):
            inner = tracer.tool_call("t", {}, None)
            with tracer.nested(inner):
                tracer.retrieval("q", [])
            tracer.user_input("x", parent_step_id=inner)
        tracer.final_output("done")

    parents = {step.step_id: step.parent_step_id for step in tracer.get_trace().steps}
    assert parents == {
        "step-0001": None,
        "step-0002": outer,
        "step-0003": inner,
        "step-0004": inner,
        "step-0005": None,
    }


def test_a_tracer_says_who_runs_and_what_for():
    """T075, T080, T081."""
    run_id = str(uuid.uuid4())
    agent = AgentInfo(name="bot", version="2", framework="custom")
    with capture() as recorded, Tracer.run(agent, {"goal": "g"}, run_id=run_id) as tracer:
        assert tracer.get_trace().state is RunState.CREATED
        assert tracer.run_id == run_id

    run = tracer.get_trace()
    assert (run.agent_info, run.task_info) == (agent, TaskInfo(goal="g"))
    assert (run.run_id, run.state) == (run_id, RunState.COMPLETED)
    assert recorded.trace.summary.trace_id == run_id.replace("-", "")
    for wrong in ({"run_id": "7"}, {"agent_info": {}}, {"task_info": 3}):
        with pytest.raises(StepValidationError, match=next(iter(wrong))):
            Tracer(**{"agent_info": "bot", **wrong})


def test_a_run_is_given_as_json_and_saved_whole(tmp_path):
    """T078, T089, T090."""
    with capture(), Tracer.run("bot") as tracer:
        tracer.tool_call("t", {}, None)
        with pytest.raises(TracerError, match="no place to save to"):
            tracer.save()
    named, placed = tmp_path / "deep" / "run.json", tmp_path / "runs"

    assert tracer.save(named) == named
    assert tracer.save(placed) == placed / f"trace-{tracer.run_id}.json"
    assert TraceRun.from_json(named.read_text()).to_json() == tracer.to_json()
    assert stat.S_IMODE(os.stat(named).st_mode) == 0o600
    assert '"success"' not in tracer.to_json()
    assert '"success": null' in tracer.to_json(indent=1, exclude_none=False)
    with pytest.raises(TracerError, match="cannot be saved to"):
        tracer.save(named / "below" / "a.json")
    assert len(list(tmp_path.rglob("*.json"))) == 2


def test_a_place_that_cannot_be_written_does_not_fail_the_agent(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    with capture(), Tracer.run("bot", output_path=tmp_path / "file" / "run.json") as tracer:
        tracer.user_input("hi")

    assert "cannot be saved to" in caplog.text
    assert [line.levelno for line in caplog.records] == [logging.WARNING]


def test_below_another_run_it_is_a_child_and_still_a_run_of_its_own():
    with capture() as recorded, agentglass.trace("outer", tags={"team": "a"}):
        with Tracer.run("inner") as tracer:
            tracer.tool_call("t", {}, None)

    assert recorded.outline() == "outer workflow ok\n  inner workflow ok\n    t tool ok"
    assert recorded.trace.summary.tags == {"team": "a"}
    assert steps_of(tracer.get_trace()) == [("step-0001", "tool_call")]


def test_a_forked_child_adds_its_steps_to_the_record(home):
    recorder = Recorder(home=home)
    with use_recorder(recorder), Tracer.run("bot") as tracer:
        child = os.fork()
        if child == 0:
            tracer.user_input("of the child")
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        tracer.user_input("of the parent")
    recorder.flush()

    stored = run_from_trace(recorder.store.get_trace(tracer.run_id.replace("-", "")))
    recorder.close()
    assert {step.content for step in stored.steps} == {"of the child", "of the parent"}
    assert len(tracer.get_trace().steps) == 1


def test_spans_recorded_within_stand_below_it():
    with capture() as recorded, Tracer.run("bot") as tracer:
        with agentglass.span("own", type="node"):
            pass
        tracer.user_input("hi")

    assert "  own node ok" in recorded.outline()
    assert steps_of(tracer.get_trace()) == [("step-0001", "user_input")]


def test_at_level_off_there_is_a_run_and_no_record():
    with capture(level="off") as recorded, Tracer.run("bot") as tracer:
        tracer.user_input("hi")

    assert recorded.traces == []
    assert tracer.get_trace().state is RunState.COMPLETED


def test_at_level_metrics_the_store_has_no_contents():
    with capture(level="metrics") as recorded, Tracer.run("bot", {"input": {"a": "text"}}) as t:
        t.memory_write(None, "put", "text", namespace=["text"], changes=[])
        t.llm_call("m", "text", "text", tokens_in=3)

    kept = str([(s.input, s.output, s.attributes) for s in recorded.spans])
    assert "text" not in kept
    assert recorded.trace.summary.totals.usage.input_tokens == 3


def test_a_copy_of_the_run_does_not_change_with_it():
    with capture(), Tracer.run("bot") as tracer:
        tracer.tool_call("t", {"a": [1]}, None)
        copy = tracer.get_trace()
        copy.steps[0].arguments["a"].append(2)
        tracer.user_input("more")

    assert len(copy.steps) == 1
    assert tracer.get_trace().steps[0].arguments == {"a": [1]}


def test_values_of_any_kind_are_recorded():
    circle = []
    circle.append(circle)
    with capture() as recorded, Tracer.run("bot") as tracer:
        for value in (object(), circle, b"x", float("nan"), "\ud800", {1: 2}, timedelta(1)):
            tracer.tool_call("t", {"value": value}, value)
            tracer.final_output(value)

    run = TraceRun.from_json(tracer.to_json())
    assert len(run.steps) == 14
    assert recorded.trace.completeness.is_complete


def test_the_public_names_are_lazy():
    """T092."""
    assert agentglass.Tracer is Tracer
    assert agentglass.TraceRun is TraceRun
