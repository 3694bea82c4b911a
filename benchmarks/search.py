"""A store of 100 000 spans, indexed: words, conditions, figures."""

import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from agentglass import Span, Status
from agentglass.spans import Cost, RandomIds, TraceFilter, TraceState, run_id_from_trace_id
from agentglass.store.sqlite import SQLiteStore
from benchmarks.payloads import ANSWER, ATTRIBUTES, PROMPT, USAGE
from benchmarks.rows import Row, median
from benchmarks.scratch import scratch_directory

__all__ = ["measure"]

TRACES = 5_000
SPANS_PER_TRACE = 20
BATCH_TRACES = 25
TURNS = 21
RARE_EVERY = 500
"""One trace in so many holds the rare word."""


def measure() -> Iterator[Row]:
    """Yield the rows. The budgets are for a million spans, which take minutes to write."""
    with scratch_directory() as directory:
        store = _filled(directory / "traces.db")
        spans = TRACES * SPANS_PER_TRACE
        note = f"{spans} spans in {TRACES} traces; the budget is for a million"
        index_us, size = _indexed(store, spans)
        yield Row(bench="search", metric="index", value=index_us, unit="us per span", note=note)
        yield Row(bench="search", metric="index", value=size, unit="bytes per span", note=note)
        dear = TraceFilter(where="cost > 0.04")
        node = TraceFilter(where="node = step-3 and not status = error")
        questions: tuple[tuple[str, float | None, Callable[[], object]], ...] = (
            ("rare word", 20.0, lambda: store.search("xylophone")),
            ("common word", None, lambda: store.search("reviewers")),
            ("phrase that is nowhere", None, lambda: store.search('"cohort second the"')),
            ("50 latest where cost >", None, lambda: store.find(dear)),
            ("50 latest where node =", None, lambda: store.find(node)),
            ("figures by node", None, lambda: store.figures("node")),
        )
        for metric, budget, ask in questions:
            value = median([_ms(ask) for _ in range(TURNS)])
            yield Row(
                bench="search", metric=metric, value=value, unit="ms", budget=budget, note=note
            )
        store.close()


def _filled(path: Path) -> SQLiteStore:
    store, ids = SQLiteStore(path), RandomIds()
    numbers = iter(range(TRACES))
    while batch := list(islice(numbers, BATCH_TRACES)):
        spans = [span for number in batch for span in _trace(ids, number)]
        store.write(spans)
        store.roll_up({span.trace_id for span in spans})
    return store


def _indexed(store: SQLiteStore, spans: int) -> tuple[float, float]:
    before, began = store.stats()["size_bytes"], time.thread_time()
    while store.tend():
        pass
    spent_s = time.thread_time() - began
    return spent_s / spans * 1e6, (store.stats()["size_bytes"] - before) / spans


def _trace(ids: RandomIds, number: int) -> Iterator[Span]:
    trace_id, root_id = ids.trace_id(), ids.span_id()
    start_ns = time.time_ns()
    state = TraceState(trace_id, run_id_from_trace_id(trace_id), tags={"workflow": "digest"})
    state.expected = SPANS_PER_TRACE
    yield Span(
        trace_id=trace_id,
        span_id=root_id,
        name="digest",
        type="workflow",
        start_ns=start_ns,
        end_ns=start_ns + 10**9,
        status=Status.OK,
        trace=state,
    )
    for step in range(1, SPANS_PER_TRACE):
        is_call = step % 2 == 0
        rare = " xylophone" if number % RARE_EVERY == 0 and step == 1 else ""
        yield Span(
            trace_id=trace_id,
            span_id=ids.span_id(),
            parent_id=root_id,
            name=f"step-{step}",
            type="llm" if is_call else "node",
            start_ns=start_ns + step * 1_000,
            end_ns=start_ns + step * 1_000 + (number * step * 7_919) % 10**9,
            status=Status.OK,
            input=f"{PROMPT} {number * step}{rare}",
            output=ANSWER,
            usage=USAGE if is_call else None,
            cost=Cost(pico_usd=(number % 5_000) * 10**6) if is_call else None,
            attributes=dict(ATTRIBUTES) if is_call else {},
        )


def _ms(ask: Callable[[], object]) -> float:
    began = time.perf_counter()
    ask()
    return (time.perf_counter() - began) * 1000
