"""Receipts say what is true at every moment, and every drop leaves its gap."""

import threading

import agentglass
from agentglass import Recorder
from agentglass.errors import StoreError
from agentglass.record import use_recorder
from agentglass.store import SQLiteStore


class Gate(SQLiteStore):
    """A store that refuses while it is shut: the fault that a test can end when it likes."""

    def __init__(self):
        super().__init__(":memory:")
        self.is_shut = False
        self.refused = threading.Event()

    def write(self, spans, gaps=()):
        if self.is_shut:
            self.refused.set()
            raise StoreError("shut")
        return super().write(spans, gaps)


def record(count):
    for number in range(count):
        with agentglass.span("step", input=number):
            pass


def test_what_a_receipt_calls_durable_is_in_the_store_and_nothing_else():
    store = Gate()
    recorder = Recorder(store=store)
    with use_recorder(recorder), agentglass.trace("run"):
        record(10)
        before = recorder.flush()
        stored = store.stats()["spans"]
        store.is_shut = True
        record(5)
        while_shut = recorder.flush(timeout_s=0.2)
        store.is_shut = False
    after = recorder.close(timeout_s=30)

    assert (before.accepted, before.durable, before.pending, before.lag_ms) == (11, 11, 0, 0.0)
    assert stored == 11
    assert (while_shut.accepted, while_shut.durable, while_shut.pending) == (16, 11, 5)
    assert while_shut.lag_ms > 0
    assert (after.accepted, after.durable, after.pending) == (17, 17, 0)


def test_a_receipt_without_waiting_adds_up():
    store = Gate()
    recorder = Recorder(store=store)
    with use_recorder(recorder), agentglass.trace("run"):
        for _ in range(200):
            record(1)
            receipt = recorder.receipt()
            assert receipt.pending == receipt.accepted - receipt.durable
    recorder.close()


def test_drops_while_the_store_is_unavailable_leave_their_gaps_when_it_is_back():
    """Gaps wait for the store like spans do, each in the trace that it belongs to."""
    store = Gate()
    recorder = Recorder(store=store, max_spans=20, queue_wait_ms=0)
    with use_recorder(recorder):
        with agentglass.trace("a") as first:
            recorder.flush()
            store.is_shut = True
            record(1)
            assert store.refused.wait(30)
            record(100)
        with agentglass.trace("b") as second:
            record(100)
        store.is_shut = False
        recorder.flush(timeout_s=30)
    receipt = recorder.close(timeout_s=30)

    traces = [store.get_trace(run.trace_id) for run in (first, second)]
    lost = [sum(gap.count for gap in trace.gaps) for trace in traces]
    assert sum(lost) == receipt.dropped > 0
    assert all(lost)
    assert receipt.accepted == receipt.durable
    for trace in traces:
        assert (trace.summary.status, trace.tree.missing_parents) == ("ok", [])
        assert not trace.completeness.is_complete
        assert any("spans lost: the queue was full" in r for r in trace.completeness.reasons)


def test_drops_for_different_reasons_are_told_apart():
    def refuse(span):
        if span.name == "step" and span.input == 3:
            raise LookupError("a processor that fails")
        return span

    store = Gate()
    recorder = Recorder(store=store, processors=(refuse,))
    with use_recorder(recorder), agentglass.trace("run") as run:
        record(6)
    receipt = recorder.close()

    (gap,) = store.get_trace(run.trace_id).gaps
    assert (gap.count, gap.reason) == (1, "recording it failed")
    assert (receipt.dropped, receipt.pending) == (1, 0)
