"""Ids, the clock, and the span itself."""

import random
import uuid

import pytest

from agentglass.spans import (
    AnchoredClock,
    ErrorInfo,
    RandomIds,
    Span,
    SpanType,
    Status,
    TraceState,
    is_span_id,
    is_trace_id,
    run_id_from_trace_id,
    trace_id_from_run_id,
)


def test_a_trace_id_is_a_uuid_v4_in_hex_and_the_run_id_is_the_same_uuid() -> None:
    trace_id = RandomIds().trace_id()

    run_id = run_id_from_trace_id(trace_id)

    assert is_trace_id(trace_id)
    assert uuid.UUID(run_id).version == 4
    assert trace_id_from_run_id(run_id) == trace_id


def test_a_run_id_that_is_no_uuid_is_refused() -> None:
    with pytest.raises(ValueError, match="badly formed"):
        trace_id_from_run_id("run-1")


def test_ids_do_not_repeat_when_a_program_seeds_its_random_numbers() -> None:
    made = set()
    for _ in range(3):
        random.seed(7)
        ids = RandomIds()
        made |= {ids.trace_id(), ids.span_id()}
        random.seed(7)
        ids.reseed()
        made |= {ids.trace_id(), ids.span_id()}

    assert len(made) == 12


def test_a_seed_of_the_program_gives_the_numbers_it_always_gave() -> None:
    random.seed(7)
    expected = random.random()

    random.seed(7)
    RandomIds().trace_id()

    assert random.random() == expected


def test_a_span_id_is_16_hex_digits_and_never_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = RandomIds()
    assert all(is_span_id(ids.span_id()) for _ in range(100))

    monkeypatch.setattr(ids, "_bits", lambda _: 0)

    assert ids.span_id() == "0000000000000001"


@pytest.mark.parametrize("text", ["", "0" * 32, "A" * 32, "a" * 31, "a" * 33, "a" * 32 + "\n"])
def test_what_is_no_trace_id_is_told(text: str) -> None:
    assert not is_trace_id(text)


@pytest.mark.parametrize("text", ["", "0" * 16, "A" * 16, "a" * 15, "a" * 17, "a" * 16 + "\n"])
def test_what_is_no_span_id_is_told(text: str) -> None:
    assert not is_span_id(text)


def test_the_clock_never_goes_backwards_whatever_happens_to_the_wall_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """P-T1, P-C05: durations come from the monotonic clock, the wall clock is read once."""
    clock = AnchoredClock()
    before = clock.now_ns()

    monkeypatch.setattr("time.time_ns", lambda: 0)
    times = [clock.now_ns() for _ in range(100)]

    assert times == sorted(times)
    assert times[0] >= before


def test_times_are_finer_than_milliseconds() -> None:
    """SC-005: a timestamp is unix time in whole nanoseconds."""
    clock = AnchoredClock()

    assert any(clock.now_ns() % 1_000_000 for _ in range(10))
    assert len(str(clock.now_ns())) == 19


def test_a_span_knows_its_key_its_place_and_its_duration() -> None:
    span = Span(trace_id="a" * 32, span_id="b" * 16, name="x", start_ns=5, type=SpanType.LLM)

    assert span.key == ("a" * 32, "b" * 16)
    assert span.is_root
    assert span.duration_ns is None
    assert repr(span) == f"<Span 'x' llm running {'b' * 16}>"

    span.parent_id, span.end_ns = "c" * 16, 9
    assert not span.is_root
    assert span.duration_ns == 4


def test_spans_share_no_default_containers() -> None:
    first, second = (
        Span(trace_id="a" * 32, span_id="b" * 16, name="x", start_ns=5) for _ in range(2)
    )

    first.attributes["a"] = 1
    first.events.append("e")
    first.links.append("l")

    assert (second.attributes, second.events, second.links) == ({}, [], [])


@pytest.mark.parametrize("stacktrace", [None, "line"])
def test_an_error_comes_back_as_it_was(stacktrace: str | None) -> None:
    error = ErrorInfo("ValueError", "no", stacktrace)

    assert ErrorInfo.from_dict(error.to_dict()) == error
    assert ("stacktrace" in error.to_dict()) == (stacktrace is not None)


def test_a_trace_counts_started_spans_and_asking_does_not_count() -> None:
    trace = TraceState("a" * 32, "run", tags={"a": "b"})

    assert trace.started_count() == 0
    trace.started()
    trace.started()
    assert trace.started_count() == trace.started_count() == 2
    assert Status.RUNNING == "running"


def test_a_trace_is_copied_for_the_store_with_other_tags_and_no_shared_parts() -> None:
    trace = TraceState("a" * 32, "run", level="metrics", tags={"a": "b"}, session_id="s")
    trace.project, trace.environment, trace.release = "p", "e", "1"
    trace.user_id, trace.expected, trace.metadata = "u", 3, {"k": 1}

    copy = trace.detached({"a": "c"})

    fields = ("trace_id", "run_id", "level", "session_id", "user_id", "project", "environment")
    fields += ("release", "metadata", "expected")
    assert [getattr(copy, name) for name in fields] == [getattr(trace, name) for name in fields]
    assert copy.tags == {"a": "c"}
    assert copy.metadata is not trace.metadata
