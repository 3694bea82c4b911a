"""Figures over many runs: counted once, taken out again, percentiles within what they promise."""

import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentglass import Status, Usage
from agentglass.spans import Cost, SpanType, TraceState, names, run_id_from_trace_id
from agentglass.store import SQLiteStore
from agentglass.store.histogram import add_figures
from agentglass.store.shares import bucket_of, duration_of
from agentglass.testing import make_span

START_NS = 1_767_225_600 * 10**9
HOUR_NS = 3_600 * 10**9
MS = 10**6


def a_run(*, workflow="flow", node_ms=100, price="0.01", start_ns=START_NS, status=Status.OK):
    root = make_span(name="root", start_ns=start_ns, end_ns=start_ns + 2 * node_ms * MS)
    root.trace = TraceState(
        root.trace_id, run_id_from_trace_id(root.trace_id), tags={"workflow": workflow}
    )
    same = {"trace_id": root.trace_id, "start_ns": start_ns, "end_ns": start_ns + node_ms * MS}
    node = make_span(
        parent_id=root.span_id,
        type=SpanType.NODE,
        status=status,
        attributes={names.NODE_ID: "ask"},
        **same,
    )
    call = make_span(
        parent_id=node.span_id,
        type=SpanType.LLM,
        usage=Usage(input_tokens=5, output_tokens=5),
        cost=None if price is None else Cost.from_usd(price),
        attributes={names.REQUEST_MODEL: "mini"},
        **same,
    )
    return [root, node, call]


@pytest.fixture
def store():
    return SQLiteStore(":memory:")


def only(store, by, since_ns=None):
    (figures,) = store.figures(by, since_ns)
    return figures


def test_steps_workflows_and_models_are_counted_with_errors_and_cost(store):
    store.write([*a_run(), *a_run(status=Status.ERROR, price="0.02")])

    node, flow, model = only(store, "node"), only(store, "workflow"), only(store, "model")

    assert (node.workflow, node.name, node.type) == ("flow", "ask", "node")
    assert (node.count, node.errors, str(node.cost_usd)) == (2, 1, "0.03")
    assert (flow.name, flow.count, flow.errors, str(flow.cost_usd)) == ("flow", 2, 0, "0.03")
    assert (model.name, model.count, str(model.cost_usd)) == ("mini", 2, "0.03")


def test_a_cost_that_is_unknown_makes_every_sum_above_it_partial(store):
    store.write([*a_run(), *a_run(price=None)])

    for by in ("node", "workflow", "model"):
        figures = only(store, by)
        assert figures.cost_usd is None
        assert str(figures.known_cost_usd) == "0.01"
        assert figures.unpriced_calls == 1


def test_a_call_that_two_instrumentors_recorded_counts_once(store):
    spans = a_run()
    outer = spans[2]
    twin = make_span(
        trace_id=outer.trace_id,
        parent_id=outer.span_id,
        type=SpanType.LLM,
        start_ns=outer.start_ns,
        end_ns=outer.end_ns,
        usage=outer.usage,
        cost=outer.cost,
        attributes=dict(outer.attributes),
    )
    store.write([*spans, twin])

    assert (only(store, "model").count, str(only(store, "model").cost_usd)) == (1, "0.01")
    assert str(only(store, "workflow").cost_usd) == "0.01"


def test_a_trace_that_changes_counts_as_it_is_now(store):
    spans = a_run(node_ms=100)
    store.write(spans)
    assert only(store, "node").percentile_ns(0.5) == pytest.approx(100 * MS, rel=0.023)
    for span in spans:
        span.end_ns = span.start_ns + 900 * MS
    spans[1].status = Status.ERROR
    store.write(spans)

    node = only(store, "node")

    assert (node.count, node.errors, len(node.buckets)) == (1, 1, 1)
    assert node.percentile_ns(0.5) == pytest.approx(900 * MS, rel=0.023)


def test_a_deleted_trace_counts_no_more(store):
    first, second = a_run(), a_run(node_ms=500)
    store.write([*first, *second])
    assert only(store, "node").count == 2

    store.delete([first[0].trace_id])
    assert only(store, "node").count == 1
    store.delete([second[0].trace_id])

    assert store.figures("node") == []


def test_what_is_open_is_not_counted_yet(store):
    spans = a_run()
    spans[1].end_ns = None
    store.write(spans)

    assert store.figures("node") == []


def test_only_the_hours_asked_for_count(store):
    store.write([*a_run(), *a_run(start_ns=START_NS + 5 * HOUR_NS)])

    assert only(store, "node", START_NS).count == 2
    assert only(store, "node", START_NS + 5 * HOUR_NS).count == 1
    assert store.figures("node", START_NS + 6 * HOUR_NS) == []


def test_percentiles_are_right_to_two_percent_whatever_the_order(store):
    durations = list(range(1, 1001))
    random.Random(7).shuffle(durations)
    for first in range(0, 1000, 100):
        store.write([span for ms in durations[first : first + 100] for span in a_run(node_ms=ms)])

    node = only(store, "node")

    for share in (0.5, 0.95, 0.99):
        assert node.percentile_ns(share) == pytest.approx(share * 1000 * MS, rel=0.023)


@given(st.integers(min_value=0, max_value=2**62))
def test_a_bucket_stands_for_its_durations(duration_ns):
    assert duration_of(bucket_of(duration_ns)) == pytest.approx(max(duration_ns, 1000), rel=0.023)


def test_two_stores_are_added_up(store):
    other = SQLiteStore(":memory:")
    store.write(a_run(node_ms=100))
    other.write([*a_run(node_ms=300), *a_run(node_ms=300, workflow="other")])

    figures = add_figures([*store.figures("node"), *other.figures("node")])

    assert sorted((each.workflow, each.count) for each in figures) == [("flow", 2), ("other", 1)]


def test_many_threads_that_add_up_the_same_traces_count_them_once(tmp_path):
    path = tmp_path / "traces.db"
    SQLiteStore(path).write([span for _ in range(40) for span in a_run()])
    threads = [threading.Thread(target=SQLiteStore(path).figures, args=("node",)) for _ in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert only(SQLiteStore(path), "node").count == 40
