"""What a program records with `trace` and `span`."""

import asyncio
import threading

import pytest

import agentglass
from agentglass.testing import FakeClock, SequentialIds, capture


def test_spans_form_the_tree_of_the_blocks_that_opened_them():
    """A-FR1: every step is a span with name, duration and status."""
    with capture(clock=FakeClock(step_ns=1_000), ids=SequentialIds()) as t, agentglass.trace("run"):
        with agentglass.span("outer", type="chain"), agentglass.span("inner", type="tool"):
            pass
        with agentglass.span("second"):
            pass

    assert t.outline() == ("run workflow ok\n  outer chain ok\n    inner tool ok\n  second span ok")
    assert t.span("inner").duration_ns == 1_000
    assert t.trace.completeness.is_complete


def test_a_span_without_a_trace_is_a_trace_of_its_own():
    with capture() as t, agentglass.span("alone") as s:
        run_id = s.run_id

    assert t.trace.summary.run_id == run_id
    assert t.span("alone").parent_id is None


def test_a_nested_run_is_a_child_and_leaves_the_tags_of_its_root_alone():
    """A-E2: nested workflow calls become children, not traces; the root's tags stay."""
    with capture() as t, agentglass.trace("scheduled", tags={"workflow": "scheduled_analysis"}):
        with agentglass.trace("analysis", tags={"workflow": "analysis"}):
            pass

    assert t.outline() == "scheduled workflow ok\n  analysis workflow ok"
    assert t.trace.summary.tags == {"workflow": "scheduled_analysis"}
    assert t.span("analysis").attributes["agentglass.tags"] == {"workflow": "analysis"}


def test_a_root_carries_session_user_and_tags():
    with capture() as t:
        with agentglass.trace("run", session_id="s1", user_id="u1", tags={"team": "x"}):
            pass

    summary = t.trace.summary
    assert (summary.session_id, summary.user_id, summary.tags) == ("s1", "u1", {"team": "x"})


def test_a_session_is_inherited_by_a_trace_started_within_another_recorder():
    with capture() as t, agentglass.trace("a", session_id="s1"):
        with capture() as inner, agentglass.trace("b"):
            pass

    assert inner.trace.summary.name == "b"
    assert t.trace.summary.name == "a"


def test_usage_cost_events_and_links_are_kept():
    with capture() as t, agentglass.span("call", type="llm") as s:
        s.usage = agentglass.Usage(input_tokens=3, output_tokens=2)
        s.add_event("first token", {"n": 1})
        s.add_link("0" * 31 + "1", "0" * 15 + "1", why="retry")

    span = t.span("call")
    assert span.usage == agentglass.Usage(input_tokens=3, output_tokens=2)
    assert [(e.name, e.attributes) for e in span.events] == [("first token", {"n": 1})]
    assert [(li.span_id, li.attributes) for li in span.links] == [
        ("0" * 15 + "1", {"why": "retry"})
    ]


def test_the_active_span_can_be_described_from_anywhere_below():
    """T3907: a node adds attributes to its own span."""

    def collect():
        agentglass.get_active_span().set_attribute("entity_count", 42)

    with capture() as t, agentglass.span("collect"):
        collect()

    assert t.span("collect").attributes["entity_count"] == 42


def test_outside_of_any_span_the_active_one_takes_everything_and_keeps_nothing():
    span = agentglass.get_active_span()

    span.set_attribute("a", 1)
    span.set_attributes({"b": 2})
    span.add_event("e")
    span.add_link("t", "s")
    span.record_error(ValueError())
    span.output = 3
    span.end()

    assert span.output is None
    assert span.run_id is None


def test_what_is_set_after_the_end_is_not_recorded_and_does_not_raise(caplog):
    with capture() as t:
        with agentglass.span("done") as s:
            s.output = "kept"
        s.output = "late"
        s.set_attribute("late", 1)
        s.add_event("late")
        s.add_link("t", "s")
        s.record_error(ValueError())
        s.end()

    span = t.span("done")
    assert (span.output, span.attributes, span.events, span.links) == ("kept", {}, [], [])
    assert span.status == "ok"
    assert s.output == "kept"
    assert "has ended" in caplog.text


def test_a_span_can_be_started_and_ended_without_a_block():
    with capture() as t, agentglass.trace("run"):
        s = agentglass.span("by hand")
        with agentglass.span("beside"):
            pass
        s.end("degraded")

    assert t.outline() == "run workflow ok\n  by hand span degraded\n  beside span ok"


def test_concurrent_tasks_keep_their_own_parents():
    """A-E4: concurrent workflows each keep their own context."""

    async def work(name):
        with agentglass.span(name):
            await asyncio.sleep(0)
            with agentglass.span(f"{name}.inner"):
                await asyncio.sleep(0)

    async def main():
        with agentglass.trace("run"):
            await asyncio.gather(*(work(f"t{n}") for n in range(20)))

    with capture() as t:
        asyncio.run(main())

    children = {node.span.name: node.children for node in t.trace.tree.roots[0].children}
    assert len(children) == 20
    assert all(
        [child.span.name for child in below] == [f"{name}.inner"]
        for name, below in children.items()
    )


def test_threads_record_traces_that_never_mix():
    """Concurrent recording corrupts nothing."""

    def work(number):
        with agentglass.trace(f"run {number}"):
            for step in range(50):
                with agentglass.span(f"step {number}.{step}"):
                    pass

    with capture() as t:
        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    traces = t.traces
    assert len(traces) == 8
    for trace in traces:
        number = trace.summary.name.split()[1]
        names = [span.name for span in trace.spans[1:]]
        assert sorted(names) == sorted(f"step {number}.{step}" for step in range(50))
        assert trace.completeness.is_complete


def test_ids_do_not_repeat_when_the_program_seeds_its_own_generator():
    import random

    with capture() as t:
        for _ in range(2):
            random.seed(42)
            with agentglass.span("seeded"):
                pass

    assert len({span.trace_id for span in t.spans}) == 2


def test_run_ids_are_uuids_of_version_four_and_the_trace_id_is_the_same_in_hex():
    import uuid

    with capture() as t, agentglass.trace("run") as run:
        pass

    assert uuid.UUID(run.run_id).version == 4
    assert uuid.UUID(run.run_id).hex == t.trace.summary.trace_id


def test_an_unknown_level_is_refused_with_the_known_ones():
    with pytest.raises(agentglass.AgentglassError, match=r"'loud'.*off, metrics, trace"):
        agentglass.trace("run", level="loud")
