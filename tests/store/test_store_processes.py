"""Leases: whose open spans are those of a dead process."""

import time

import pytest

from agentglass.spans import Status
from agentglass.store import SQLiteStore
from agentglass.store.processes import LEASE_NS
from agentglass.testing import make_span


class Wall:
    """A wall clock that a test can set."""

    def __init__(self):
        self.ns = time.time_ns()

    def __call__(self):
        return self.ns


def store_of(path, wall, **identity):
    """Open the store as a process would that has this identity."""
    store = SQLiteStore(path, now_ns=wall)
    from dataclasses import replace

    store._process = replace(store._process, **identity)
    return store


def open_span():
    return make_span(end_ns=None, status=Status.RUNNING)


ELSEWHERE = {"boot_id": "another machine"}
IN_A_CONTAINER = {"pid_namespace": "pid:[1]"}


@pytest.mark.parametrize("place", [ELSEWHERE, IN_A_CONTAINER], ids=["machine", "container"])
def test_a_process_that_cannot_be_looked_at_is_dead_when_its_lease_is_over(tmp_path, place):
    wall = Wall()
    span = open_span()
    store_of(tmp_path / "t.db", wall, id="far", **place).write([span])
    reader = SQLiteStore(tmp_path / "t.db", now_ns=wall)

    within = reader.get_trace(span.trace_id).spans[0].status
    wall.ns += LEASE_NS + 1
    after = reader.get_trace(span.trace_id).spans[0]

    assert within == "running"
    assert (after.status, after.error.type) == ("error", "ProcessDied")
    assert reader.find().traces[0].status == "error"


def test_a_lease_that_is_renewed_keeps_the_spans_open(tmp_path):
    wall = Wall()
    span = open_span()
    far = store_of(tmp_path / "t.db", wall, id="far", **ELSEWHERE)
    far.write([span])
    reader = SQLiteStore(tmp_path / "t.db", now_ns=wall)

    wall.ns += LEASE_NS - 1
    far.renew_lease()
    wall.ns += LEASE_NS - 1

    assert reader.get_trace(span.trace_id).spans[0].status == "running"


def test_a_pid_that_was_given_to_another_process_does_not_keep_the_dead_alive(tmp_path):
    wall = Wall()
    span = open_span()
    store_of(tmp_path / "t.db", wall, id="before", started="1").write([span])

    found = SQLiteStore(tmp_path / "t.db", now_ns=wall).get_trace(span.trace_id)

    assert found.spans[0].error.type == "ProcessDied"


def test_what_a_process_leaves_open_when_it_ends_in_order_ends_with_it(tmp_path):
    wall = Wall()
    span = open_span()
    store = SQLiteStore(tmp_path / "t.db", now_ns=wall)
    store.write([span])

    store.release_lease()
    left = store.get_trace(span.trace_id).spans[0]
    store.write([make_span(trace_id=span.trace_id, span_id=span.span_id)])
    late = store.get_trace(span.trace_id).spans[0]

    assert (left.status, left.error.type) == ("error", "ProcessDied")
    assert "ended while this span was open" in left.error.message
    assert (late.status, late.error) == ("ok", None)


def test_an_open_interrupt_outlives_its_process(tmp_path):
    wall = Wall()
    span = make_span(end_ns=None, status=Status.INTERRUPTED, type="interrupt")
    store_of(tmp_path / "t.db", wall, id="far", **ELSEWHERE).write([span])
    wall.ns += LEASE_NS * 2

    found = SQLiteStore(tmp_path / "t.db", now_ns=wall).get_trace(span.trace_id)

    assert found.spans[0].status == "interrupted"
