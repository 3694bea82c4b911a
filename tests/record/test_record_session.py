"""Sessions, and the names that programs written for MLflow know."""

import asyncio
import uuid

import pytest

import agentglass
from agentglass.record import get_session_id, start_experiment_run, trace_with_uri
from agentglass.testing import capture


def sessions(recorded):
    return {trace.summary.name: trace.summary.session_id for trace in recorded.traces}


def test_a_session_groups_the_traces_that_start_in_it():
    with capture() as t:
        with agentglass.session("s1") as given:
            with agentglass.trace("first"):
                pass
            with agentglass.span("second"):
                pass
            with agentglass.trace("own", session_id="s2"):
                pass
        with agentglass.trace("after"):
            pass

    assert given == "s1"
    assert sessions(t) == {"first": "s1", "second": "s1", "own": "s2", "after": None}


def test_a_session_without_an_id_makes_one_or_goes_on_with_the_active_one():
    assert get_session_id() is None
    with agentglass.session() as outer:
        with agentglass.session() as inner, agentglass.session("other"):
            assert get_session_id() == "other"
        assert get_session_id() == outer == inner
    assert get_session_id() is None
    assert uuid.UUID(outer).version == 4


def test_a_run_that_is_active_takes_the_session_that_it_lacks():
    with capture() as t:
        with agentglass.trace("run"), agentglass.session("s"), agentglass.span("step"):
            assert get_session_id() == "s"
        with agentglass.trace("has one", session_id="mine"), agentglass.session("s"):
            pass

    assert sessions(t) == {"run": "s", "has one": "mine"}


def test_sessions_of_concurrent_tasks_do_not_mix():
    """A-E4: each task keeps its own context."""

    async def one(name):
        with agentglass.session(name):
            await asyncio.sleep(0)
            with agentglass.trace(name):
                await asyncio.sleep(0)
                assert get_session_id() == name

    async def main():
        await asyncio.gather(*(one(f"s{number}") for number in range(20)))

    with capture() as t:
        asyncio.run(main())

    assert sessions(t) == {f"s{number}": f"s{number}" for number in range(20)}


def test_an_experiment_run_is_a_run_with_tags_and_nested_it_leaves_those_of_its_root_alone():
    with capture() as t, agentglass.session("s"):
        with start_experiment_run("outer", {"trigger": "cron"}, experiment_name="aether"):
            with start_experiment_run("inner", {"trigger": "other"}):
                pass

    summary = t.trace.summary
    assert summary.tags == {"experiment": "aether", "trigger": "cron"}
    assert summary.session_id == "s"
    assert t.outline() == "outer workflow ok\n  inner workflow ok"


def test_an_experiment_run_that_fails_says_so():
    with capture() as t, pytest.raises(RuntimeError), start_experiment_run("run"):
        raise RuntimeError("down")

    assert t.trace.summary.status == "error"


@pytest.mark.parametrize(
    ("word", "type"),
    [("CHAIN", "chain"), ("RETRIEVER", "retrieval"), ("tool", "tool"), ("UNKNOWN", "span")],
)
def test_trace_with_uri_calls_once_and_knows_the_types_of_mlflow(word, type):
    calls = []

    @trace_with_uri(name="sandbox.execute", span_type=word, attributes={"policy": "strict"})
    def execute():
        calls.append(1)
        agentglass.add_event("started", {"pid": 1})
        raise RuntimeError("down")

    with capture() as t, agentglass.session("s"), pytest.raises(RuntimeError):
        execute()

    (span,) = t.spans
    assert (span.name, span.type, span.attributes) == (
        "sandbox.execute",
        type,
        {"policy": "strict"},
    )
    assert [(event.name, dict(event.attributes)) for event in span.events] == [
        ("started", {"pid": 1})
    ]
    assert t.trace.summary.session_id == "s"
    assert calls == [1]
