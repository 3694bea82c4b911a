"""A run in a file becomes a run of the store, which is what it was."""

import io
import json
from dataclasses import replace

from files_for_tests import HEAD, document, step
from runs_for_tests import START

from agentglass.spans import Gap, Span, SpanType, Status, Trace, TraceParent, TraceState
from agentglass.steps import RunReader, TraceRun, keep_run, run_from_trace, write_run
from agentglass.store import SQLiteStore


def kept(run, store=None):
    """Write a run as a file, and that into a store; return the trace that is there then."""
    file = io.BytesIO()
    write_run(run, file)
    store = store or SQLiteStore(":memory:")
    with RunReader(file, "run.json") as reader:
        return store.get_trace(keep_run(reader, store))


def test_a_run_of_steps_is_a_trace_of_the_store():
    """The row, the sums and the count are those of a run that was recorded."""
    call = {"step_type": "llm_call", "model": "m", "input": "a", "output": "b", "tokens_in": 3}
    run = TraceRun.from_json(json.dumps(document(step(), step("2", **call), ended_at=str(START))))

    trace = kept(run)

    summary = trace.summary
    assert (summary.run_id, summary.workflow, summary.status) == (run.run_id, "bot", Status.OK)
    assert (summary.totals.llm_calls, summary.totals.usage.input_tokens) == (1, 3)
    assert trace.completeness.is_complete
    assert [span.name for span in trace.spans] == ["bot", "add", "chat m"]


def test_a_run_that_was_not_at_its_end_stays_open_when_the_importer_is_gone():
    store = SQLiteStore(":memory:")

    kept(TraceRun.from_json(json.dumps(document(step()))), store)
    store.release_lease()

    (summary,) = store.find().traces
    assert (summary.status, summary.end_ns) == (Status.RUNNING, None)


def test_keeping_a_run_again_changes_nothing():
    store = SQLiteStore(":memory:")
    run = run_from_trace(odd_trace())

    first, again = kept(run, store), kept(run, store)

    assert facts(again) == facts(first)
    assert len(store.find().traces) == 1


def test_a_trace_with_losses_and_a_resumed_one_are_what_they_were():
    """An import does not make a record look better, or a run look worse, than it is."""
    trace = odd_trace()

    assert facts(kept(run_from_trace(trace))) == facts(trace)
    assert not trace.completeness.is_complete
    assert trace.summary.status == Status.OK


def odd_trace() -> Trace:
    """A run that waited for somebody and was resumed elsewhere; spans of it were lost."""
    trace_id, root_id = "0b1c2d3e4f504162837495a6b7c8d9e0", "a" * 16
    root = Span(trace_id=trace_id, span_id=root_id, name="ask", type=SpanType.WORKFLOW, start_ns=10**18,
                end_ns=10**18 + 5, status=Status.INTERRUPTED)  # fmt: skip
    root.trace = TraceState(trace_id, HEAD["run_id"], tags={"team": "a"}, user_id="u")
    root.trace.expected = 4
    segment = Span(trace_id=trace_id, span_id="b" * 16, parent_id=root_id, name="resume",
                   type=SpanType.SEGMENT, start_ns=10**18 + 9, end_ns=10**18 + 99,
                   status=Status.OK)  # fmt: skip
    segment.trace = TraceState(
        trace_id, HEAD["run_id"], upstream=TraceParent(trace_id, root_id), tags={"team": "b"}
    )
    store = SQLiteStore(":memory:")
    store.write([root], [Gap(trace_id, None, 10**18, 2, "queue full")])
    store.write([segment])
    trace = store.get_trace(trace_id)
    assert trace is not None
    return trace


def facts(trace):
    spans = [(span.key, span.name, span.status, span.end_ns) for span in trace.spans]
    return replace(trace.summary, process_id=None), spans, trace.completeness.reasons


def test_secrets_of_a_file_do_not_reach_the_store():
    run = TraceRun.from_json(
        json.dumps(document(step(arguments={"api_key": "sk-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})))
    )

    trace = kept(run)

    assert "sk-aaaa" not in str([(span.input, span.attributes) for span in trace.spans])
