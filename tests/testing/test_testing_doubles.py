"""The doubles that ship to users."""

import uuid

import pytest

import agentglass
from agentglass.spans import Delivered, Retry
from agentglass.testing import FakeClock, MemorySink, SequentialIds, capture


def test_a_fake_clock_moves_only_when_told_or_by_its_step():
    still, stepping = FakeClock(), FakeClock(start_ns=10, step_ns=5)

    assert still.now_ns() == still.now_ns()
    assert [stepping.now_ns() for _ in range(3)] == [10, 15, 20]
    before = still.now_ns()
    still.advance(1.5)
    assert still.now_ns() - before == 1_500_000_000


def test_sequential_ids_count_and_are_valid():
    ids = SequentialIds()

    assert [ids.span_id(), ids.span_id()] == ["0000000000000001", "0000000000000002"]
    assert uuid.UUID(hex=ids.trace_id()).version == 4


def test_with_both_a_record_is_the_same_every_time():
    def run():
        with capture(clock=FakeClock(step_ns=10), ids=SequentialIds()) as t:
            with agentglass.trace("run"), agentglass.span("s", input=1):
                pass
        return [(s.trace_id, s.span_id, s.start_ns, s.end_ns) for s in t.spans]

    assert run() == run()


def test_capture_says_what_there_was_when_it_is_not_what_was_expected():
    with capture() as t:
        for _ in range(2):
            with agentglass.span("twice"):
                pass

    with pytest.raises(AssertionError, match=r"one trace, found 2:\ntwice span ok"):
        _ = t.trace
    with pytest.raises(AssertionError, match="one span 'never', found 0"):
        t.span("never")


def test_captures_nest_and_give_back_what_they_replaced(home):
    with capture() as outer:
        with agentglass.span("a"), capture() as inner:
            with agentglass.span("b"):
                pass
        with agentglass.span("c"):
            pass

    assert [s.name for s in outer.spans] == ["a", "c"]
    assert [s.name for s in inner.spans] == ["b"]
    assert not list(home.iterdir())


def test_capture_reaches_other_threads():
    import threading

    def work():
        with agentglass.span("elsewhere"):
            pass

    with capture() as t:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    assert [s.name for s in t.spans] == ["elsewhere"]


def test_a_memory_sink_keeps_what_it_confirmed():
    with capture() as t, agentglass.trace("run"):
        pass
    sink = MemorySink(answers=[Retry("busy", after_s=1)])

    assert sink.deliver(t.traces) == Retry("busy", after_s=1)
    assert sink.traces == []
    assert sink.deliver(t.traces) == Delivered()
    sink.close()
    assert [trace.summary.name for trace in sink.traces] == ["run"]
    assert sink.is_closed
