"""The upsert rule, whatever order records arrive in."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agentglass.spans import Status
from agentglass.store import SQLiteStore
from agentglass.testing import make_span

records = st.lists(
    st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 99)), min_size=1, max_size=30
)


@settings(max_examples=60)
@given(records, st.integers(1, 7))
def test_ended_beats_started_and_then_the_later_write_wins(writes, batch_size):
    store = SQLiteStore(":memory:")
    root = make_span()
    spans = [
        make_span(
            trace_id=root.trace_id,
            span_id=f"{key + 1:016x}",
            parent_id=root.span_id,
            end_ns=root.end_ns if ended else None,
            status=Status.OK if ended else Status.RUNNING,
            output=value,
        )
        for key, ended, value in writes
    ]

    for start in range(0, len(spans), batch_size):
        store.write(spans[start : start + batch_size])

    expected = {}
    for key, ended, value in writes:
        if ended or not expected.get(key, (False, 0))[0]:
            expected[key] = (ended, value)
    trace = store.get_trace(root.trace_id)
    found = {int(s.span_id, 16) - 1: (s.end_ns is not None, s.output) for s in trace.spans}
    assert found == expected


def test_a_write_is_visible_to_another_connection_at_once(tmp_path):
    span = make_span()
    SQLiteStore(tmp_path / "traces.db").write([span])

    assert SQLiteStore(tmp_path / "traces.db").get_trace(span.trace_id) is not None


def test_a_batch_is_written_whole_or_not_at_all(tmp_path):
    import pytest

    store = SQLiteStore(tmp_path / "traces.db")
    good, bad = make_span(), make_span(input={1, 2})

    with pytest.raises(TypeError):
        store.write([good, bad])

    assert store.get_trace(good.trace_id) is None
    store.write([good])
    assert store.get_trace(good.trace_id) is not None


def test_a_foreign_trace_gets_one_run_id_of_version_four():
    import uuid

    store = SQLiteStore(":memory:")
    span = make_span(trace_id="0af7651916cd43dd8448eb211c80319c", parent_id="00f067aa0ba902b7")

    store.write([span])
    first = store.get_trace(span.trace_id).summary.run_id
    store.write([span])

    assert uuid.UUID(first).version == 4
    assert store.get_trace(span.trace_id).summary.run_id == first
