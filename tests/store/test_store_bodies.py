"""Large contents: shared, compressed, read as if they were in the row, gone with the last span."""

import sqlite3

import pytest

from agentglass.store import SQLiteStore
from agentglass.store.bodies import LARGE
from agentglass.testing import make_span

LONG = {"text": "The quick brown fox. " * 500}


@pytest.fixture
def store(tmp_path):
    store = SQLiteStore(tmp_path / "traces.db")
    yield store
    store.close()


def bodies(store):
    with sqlite3.connect(store.path) as db:
        rows = db.execute("SELECT refs, length(data), size_bytes FROM bodies").fetchall()
    db.close()
    return rows


def spans(store, trace_id):
    return store.get_trace(trace_id).spans


def test_a_large_value_is_kept_once_compressed_and_read_whole(store):
    first, second = make_span(input=LONG, output=LONG), make_span(input=LONG, output="short")

    store.write([first, second])

    ((refs, kept, size),) = bodies(store)
    assert refs == 3
    assert kept < size / 10
    assert (spans(store, first.trace_id)[0].input, spans(store, first.trace_id)[0].output) == (
        LONG,
        LONG,
    )
    assert (spans(store, second.trace_id)[0].input, spans(store, second.trace_id)[0].output) == (
        LONG,
        "short",
    )


def test_a_small_value_stays_with_its_span(store):
    store.write([make_span(input="x" * (LARGE - 3))])

    assert bodies(store) == []


def test_a_value_goes_with_the_last_span_that_has_it(store):
    first, second = make_span(input=LONG), make_span(output=LONG)
    store.write([first, second])

    store.delete([first.trace_id])
    assert [refs for refs, _, _ in bodies(store)] == [1]
    store.delete([second.trace_id])

    assert bodies(store) == []


@pytest.mark.parametrize("later", [{"new": "y" * 9000}, "short", None, LONG])
def test_a_span_that_is_written_again_lets_go_of_its_old_values(store, later):
    span = make_span(input=LONG)
    store.write([span])
    span.input = later
    store.write([span])

    assert spans(store, span.trace_id)[0].input == later
    assert [refs for refs, _, _ in bodies(store)] == ([1] if len(str(later)) > LARGE else [])


def test_what_a_late_start_record_brought_is_cleaned_up(store):
    ended = make_span(input="short")
    store.write([ended])
    store.write(
        [make_span(trace_id=ended.trace_id, span_id=ended.span_id, end_ns=None, input=LONG)]
    )
    assert [refs for refs, _, _ in bodies(store)] == [0]

    freed = store.clean_up()

    assert freed.bodies == 1
    assert bodies(store) == []
    assert spans(store, ended.trace_id)[0].input == "short"


def test_large_values_are_searched_and_followed(store):
    follower = store.follow()
    span = make_span(input=["word " * 2000, "needle"])
    store.write([span])

    assert [hit.span_id for hit in store.search("needle").hits] == [span.span_id]
    followed, _ = follower.ended(span.trace_id)
    assert followed[0].input == span.input
