"""The way into the store: start records, receipts, gaps, faults."""

import threading
import time

import pytest

import agentglass
from agentglass import Recorder
from agentglass.errors import StoreError
from agentglass.record import use_recorder
from agentglass.store import SQLiteStore
from agentglass.testing import capture


def wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def test_a_root_is_in_the_store_while_it_runs():
    store = SQLiteStore(":memory:")
    recorder = Recorder(store=store)
    with use_recorder(recorder), agentglass.trace("run", tags={"workflow": "w"}):
        recorder.flush()
        (running,) = store.find().traces
        assert (running.name, running.status, running.end_ns) == ("run", "running", None)
        assert running.tags == {"workflow": "w"}
    recorder.close()

    assert [run.status for run in store.find().traces] == ["ok"]


def test_a_stored_child_never_has_an_unstored_parent():
    store = SQLiteStore(":memory:")
    recorder = Recorder(store=store)
    with use_recorder(recorder), agentglass.trace("run") as run:
        with agentglass.span("a"), agentglass.span("b"), agentglass.span("c"):
            with agentglass.span("leaf"):
                pass
            recorder.flush()
            trace = store.get_trace(run.trace_id)
            assert trace.tree.missing_parents == []
            assert {s.name: str(s.status) for s in trace.spans} == {
                "run": "running",
                "a": "running",
                "b": "running",
                "c": "running",
                "leaf": "ok",
            }
            assert "4 spans are still open" in trace.completeness.reasons
    recorder.close()

    assert store.get_trace(run.trace_id).completeness.is_complete


def test_what_is_open_for_long_is_stored_as_open():
    store = SQLiteStore(":memory:")
    recorder = Recorder(store=store)
    with use_recorder(recorder), agentglass.trace("run") as run:
        recorder.flush()
        with agentglass.span("slow", input="what it is at"):
            wait_for(lambda: len(store.get_trace(run.trace_id).spans) == 2)
            open_span = store.get_trace(run.trace_id).spans[1]
            assert (open_span.name, open_span.input) == ("slow", "what it is at")
    recorder.close()

    assert store.get_trace(run.trace_id).completeness.is_complete


def test_a_receipt_counts_what_is_durable():
    with capture() as t, agentglass.trace("run"):
        for _ in range(9):
            with agentglass.span("s"):
                pass
        receipt = t.recorder.flush()

        assert (receipt.accepted, receipt.durable) == (10, 10)
        assert (receipt.pending, receipt.dropped, receipt.lag_ms) == (0, 0, 0.0)
        assert receipt.store == ":memory:"


def test_a_burst_is_stored_whole():
    with capture() as t, agentglass.trace("run"):
        for number in range(20_000):
            with agentglass.span("s", input=number):
                pass

    assert t.trace.completeness.is_complete
    assert t.trace.summary.totals.spans == 20_001


class SlowStore(SQLiteStore):
    """A store whose writes wait for the test."""

    def __init__(self):
        super().__init__(":memory:")
        self.may_write = threading.Event()

    def write(self, spans, gaps=()):
        self.may_write.wait(20)
        return super().write(spans, gaps)


def test_a_full_queue_drops_counts_and_leaves_a_gap():
    store = SlowStore()
    recorder = Recorder(store=store, max_spans=10, queue_wait_ms=1)
    with use_recorder(recorder), agentglass.trace("run") as run:
        for _ in range(600):
            with agentglass.span("s"):
                pass
        store.may_write.set()
        recorder.flush()
    receipt = recorder.close()

    trace = store.get_trace(run.trace_id)
    assert receipt.dropped > 0
    assert sum(gap.count for gap in trace.gaps) == receipt.dropped
    assert len(trace.spans) == 601 - receipt.dropped
    assert not trace.completeness.is_complete


def test_the_queue_is_bounded_by_bytes_too():
    store = SlowStore()
    recorder = Recorder(store=store, max_bytes=100_000, queue_wait_ms=1)
    with use_recorder(recorder), agentglass.trace("run"):
        for _ in range(50):
            with agentglass.span("s", input="x" * 10_000):
                pass
        store.may_write.set()
    receipt = recorder.close()

    assert receipt.dropped > 0


class FaultyStore(SQLiteStore):
    """A store that refuses so many writes."""

    def __init__(self, refusals):
        super().__init__(":memory:")
        self.refusals = refusals

    def write(self, spans, gaps=()):
        if self.refusals:
            self.refusals -= 1
            raise StoreError("database or disk is full")
        return super().write(spans, gaps)


def test_a_store_that_comes_back_gets_everything_and_is_reported_once(caplog):
    """No crash, one warning."""
    store = FaultyStore(refusals=3)
    recorder = Recorder(store=store)
    with use_recorder(recorder), agentglass.trace("run"), agentglass.span("s"):
        pass
    receipt = recorder.close(timeout_s=20)

    assert (receipt.durable, receipt.pending) == (3, 0)
    (run,) = store.find().traces
    assert store.get_trace(run.trace_id).completeness.is_complete
    messages = [record.message for record in caplog.records]
    assert len([m for m in messages if "cannot be stored" in m]) == 1
    assert len([m for m in messages if "stored again" in m]) == 1


def test_a_store_that_stays_broken_holds_up_neither_the_run_nor_the_end(caplog):
    store = FaultyStore(refusals=10_000)
    recorder = Recorder(store=store, exit_wait_s=0.2)
    with use_recorder(recorder), agentglass.trace("run"), agentglass.span("s"):
        pass

    receipt = recorder.close()

    assert receipt.durable == 0
    assert receipt.pending > 0
    assert receipt.lag_ms > 0


def test_flushing_a_recorder_that_recorded_nothing_starts_nothing(home):
    receipt = Recorder().flush()

    assert (receipt.accepted, receipt.store) == (0, None)
    assert list(home.iterdir()) == []


def test_configure_replaces_the_default_recorder_and_keeps_what_was_recorded(home, tmp_path):
    try:
        agentglass.configure(home=home)
        with agentglass.span("first"):
            pass
        agentglass.configure(home=tmp_path, service="billing", attributes={"team": "x"})
        with agentglass.span("second"):
            pass
        agentglass.flush()
    finally:
        agentglass.configure(level="off")

    assert [run.name for run in SQLiteStore(home / "traces.db").find().traces] == ["first"]
    other = SQLiteStore(tmp_path / "traces.db")
    (run,) = other.find().traces
    (span,) = other.get_trace(run.trace_id).spans
    assert span.resource.service == "billing"
    assert span.resource.attributes["team"] == "x"
    assert span.resource.attributes["process.pid"] > 0


def test_pii_is_redacted_when_asked_for(home):
    try:
        agentglass.configure(home=home, redact_pii=True)
        with agentglass.span("mail", input="write to ada@example.org"):
            pass
        agentglass.flush()
    finally:
        agentglass.configure(level="off")

    store = SQLiteStore(home / "traces.db")
    (run,) = store.find().traces
    assert "ada@" not in store.get_trace(run.trace_id).spans[0].input


def test_a_recorder_with_an_unknown_level_is_refused():
    with pytest.raises(agentglass.AgentglassError, match="Expected one of"):
        Recorder(level="verbose")


def test_a_span_that_ends_after_its_recorder_was_closed_is_still_stored():
    store = SQLiteStore(":memory:")
    recorder = Recorder(store=store)
    with use_recorder(recorder), agentglass.trace("run") as run:
        recorder.close()
        with agentglass.span("late"):
            pass
    recorder.close()

    trace = store.get_trace(run.trace_id)
    assert [(s.name, str(s.status)) for s in trace.spans] == [("run", "ok"), ("late", "ok")]
    assert trace.completeness.is_complete


class BuggyStore(SQLiteStore):
    """A store with a bug in its second pass and in its leases."""

    def __init__(self):
        super().__init__(":memory:")

    def roll_up(self, trace_ids):
        if list(trace_ids) and threading.current_thread() is not threading.main_thread():
            raise LookupError("a bug")

    def renew_lease(self):
        raise LookupError("a bug")

    def release_lease(self):
        raise LookupError("a bug")


def test_a_bug_in_the_recorder_ends_neither_the_record_nor_the_program(caplog):
    store = BuggyStore()
    recorder = Recorder(store=store)
    with use_recorder(recorder):
        for _ in range(3):
            with agentglass.trace("run"):
                pass
            receipt = recorder.flush(timeout_s=20)
            assert receipt.pending == 0
    recorder.close()

    assert len(store.find().traces) == 3
    assert "has a fault" in caplog.text
