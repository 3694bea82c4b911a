"""A store of 100 000 spans: writing it, and the questions that a reader asks."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from agentglass import Span, Status
from agentglass.spans import RandomIds, TraceState, run_id_from_trace_id
from agentglass.store.sqlite import SQLiteStore
from benchmarks.payloads import ANSWER, ATTRIBUTES, PROMPT, USAGE
from benchmarks.rows import Row, median
from benchmarks.scratch import scratch_directory

__all__ = ["measure"]

TRACES = 1_000
SPANS_PER_TRACE = 100
BATCH_TRACES = 5
TURNS = 21
SECOND_NS = 10**9


def measure() -> Iterator[Row]:
    """Yield the rows. A million spans, as in the budget, would take several minutes to write."""
    with scratch_directory() as directory:
        store, trace_ids, write_us = _filled(directory / "traces.db")
        stats = store.stats()
        note = f"{stats['spans']} spans in {TRACES} traces; the budget is for a million"
        yield Row(bench="store", metric="write", value=write_us, unit="us per span", note=note)
        size = stats["size_bytes"] / stats["spans"]
        yield Row(bench="store", metric="size", value=size, unit="bytes per span", note=note)
        questions: tuple[tuple[str, float | None, Callable[[int], object]], ...] = (
            ("open one trace", 5.0, lambda turn: _spans_of(store, trace_ids[turn * 37 % TRACES])),
            ("50 latest", 5.0, lambda turn: store.find(limit=50)),
            ("totals", None, lambda turn: store.totals()),
        )
        for metric, budget, ask in questions:
            value = median([_ms(ask, turn) for turn in range(TURNS)])
            yield Row(
                bench="store", metric=metric, value=value, unit="ms", budget=budget, note=note
            )
        store.close()


def _filled(path: Path) -> tuple[SQLiteStore, list[str], float]:
    store, ids = SQLiteStore(path), RandomIds()
    trace_ids = [ids.trace_id() for _ in range(TRACES)]
    spent_s = 0.0
    for first in range(0, TRACES, BATCH_TRACES):
        batch = trace_ids[first : first + BATCH_TRACES]
        spans = [span for trace_id in batch for span in _trace(ids, trace_id)]
        began = time.perf_counter()
        store.write(spans)
        store.roll_up(batch)
        spent_s += time.perf_counter() - began
    return store, trace_ids, spent_s / (TRACES * SPANS_PER_TRACE) * 1e6


def _trace(ids: RandomIds, trace_id: str) -> Iterator[Span]:
    start_ns = time.time_ns()
    state = TraceState(trace_id, run_id_from_trace_id(trace_id), tags={"workflow": "digest"})
    state.expected = SPANS_PER_TRACE
    root_id = ids.span_id()
    yield Span(
        trace_id=trace_id,
        span_id=root_id,
        name="digest",
        type="workflow",
        start_ns=start_ns,
        end_ns=start_ns + SPANS_PER_TRACE * SECOND_NS,
        status=Status.OK,
        trace=state,
    )
    for number in range(1, SPANS_PER_TRACE):
        yield Span(
            trace_id=trace_id,
            span_id=ids.span_id(),
            parent_id=root_id,
            name="chat gpt-5-mini",
            type="llm",
            start_ns=start_ns + number * SECOND_NS,
            end_ns=start_ns + (number + 1) * SECOND_NS,
            status=Status.OK,
            input=PROMPT,
            output=ANSWER,
            usage=USAGE,
            attributes=dict(ATTRIBUTES),
        )


def _spans_of(store: SQLiteStore, trace_id: str) -> list[Span]:
    found = store.get_trace(trace_id)
    return [] if found is None else found.spans


def _ms(ask: Callable[[int], object], turn: int) -> float:
    began = time.perf_counter()
    ask(turn)
    return (time.perf_counter() - began) * 1000
