"""Runs of steps become spans and come back, and the other way round, with nothing lost."""

import json
import warnings

from hypothesis import given, settings
from hypothesis import strategies as st
from runs_for_tests import START, json_values, names, objects, run_records, small_run, texts

from agentglass.errors import TraceFormatWarning
from agentglass.spans import (
    Cost,
    ErrorInfo,
    Event,
    Link,
    Span,
    SpanType,
    Status,
    TraceState,
    Usage,
    run_id_from_trace_id,
)
from agentglass.steps import TraceRun, run_from_trace, spans_from_run
from agentglass.steps.facts import RUN, STEP, facts_of
from agentglass.store import SQLiteStore


def through_a_store(run):
    store = SQLiteStore(":memory:")
    store.write(spans_from_run(run))
    trace_id = spans_from_run(run)[0].trace_id
    back = run_from_trace(store.get_trace(trace_id))
    store.close()
    return back


@settings(max_examples=200, deadline=None)
@given(run_records())
def test_any_run_survives_as_spans(record):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TraceFormatWarning)
        run = TraceRun.from_json(json.dumps(record))

        back = through_a_store(run)

    assert json.loads(back.to_json()) == json.loads(run.to_json())


ids = st.integers(1, 2**64 - 1).map(lambda number: f"{number:016x}")
times = st.integers(10**18, 2 * 10**18)


@st.composite
def spans_of_a_trace(draw):
    """Spans as any program, good or odd, may have recorded them; the first is the root."""
    trace_id = draw(st.uuids(version=4)).hex
    found = []
    for span_id in draw(st.lists(ids, min_size=1, max_size=5, unique=True)):
        start_ns = draw(times)
        parents = [span.span_id for span in found]
        found.append(
            Span(
                trace_id=trace_id,
                span_id=span_id,
                parent_id=draw(st.sampled_from(parents) | ids) if found else None,
                name=draw(texts),
                type=draw(st.sampled_from([*SpanType, "stranger"])),
                start_ns=start_ns,
                end_ns=draw(st.none() | st.integers(start_ns - 5, start_ns + 10**10)),
                status=draw(st.sampled_from(list(Status))),
                error=draw(st.none() | st.builds(ErrorInfo, names, texts, st.none() | texts)),
                input=draw(json_values),
                output=draw(json_values),
                usage=draw(st.none() | usages),
                cost=draw(st.none() | st.builds(Cost, pico_usd=st.integers(-5, 10**15))),
                attributes=draw(objects),
                events=draw(st.lists(st.builds(Event, names, times, objects), max_size=2)),
                links=draw(st.lists(st.builds(Link, st.just("a" * 32), ids, objects), max_size=1)),
            )
        )
    state = TraceState(trace_id, run_id_from_trace_id(trace_id), tags={"team": "a"})
    found[0].trace = state
    return found


usages = st.builds(
    Usage,
    input_tokens=st.none() | st.integers(-1, 10**6),
    output_tokens=st.none() | st.integers(-1, 10**6),
    reasoning_tokens=st.none() | st.integers(0, 10**6),
    raw=st.none() | objects,
)


@settings(max_examples=200, deadline=None)
@given(spans_of_a_trace())
def test_any_recorded_trace_survives_as_a_file(spans):
    store = SQLiteStore(":memory:")
    store.write(spans)
    trace = store.get_trace(spans[0].trace_id)

    back = spans_from_run(TraceRun.from_json(run_from_trace(trace).to_json()))

    assert facts(back) == facts(trace.spans)
    assert back[0].trace.tags == {"team": "a"}
    store.close()


def facts(spans):
    return {
        span.span_id: (span.trace_id, span.parent_id, json.dumps(facts_of(span), sort_keys=True))
        for span in spans
    }


def test_attributes_of_a_stranger_under_our_names_do_no_harm():
    for garbage in (1, "x", {}, {"step_id": 7}, {"step_type": "no such"}, {"metadata": 3}, [None]):
        run = small_run(ended_at=START)
        (root,) = spans_from_run(run)
        root.attributes = {RUN: garbage}
        child = Span(trace_id=root.trace_id, span_id="1" * 16, parent_id=root.span_id, name="x",
                     type="tool", start_ns=root.start_ns, end_ns=root.start_ns,
                     status=Status.OK, attributes={STEP: garbage})  # fmt: skip
        store = SQLiteStore(":memory:")
        store.write([root, child])

        back = run_from_trace(store.get_trace(root.trace_id))

        assert len([step for step in back.steps if step.step_type != "user_input"]) == 1
        store.close()
