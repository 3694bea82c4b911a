"""What the writer thread spends per span: copied, redacted, encoded, committed, rolled up, indexed."""

import resource
import time
from collections.abc import Callable, Iterator
from typing import Any

from agentglass import Recorder, trace
from benchmarks.caller import record_call
from benchmarks.payloads import CHAT, PROMPT, STATE
from benchmarks.rows import Row, median
from benchmarks.scratch import recording, store_of

__all__ = ["measure"]

ROUNDS = 7
SPANS = 2_000
PAYLOADS: dict[str, tuple[Any, float | None]] = {
    "strings": (PROMPT, 150.0),
    "chat": (CHAT, 150.0),
    "state": (STATE, None),
}
"""Payload -> the value, the budget in µs."""
PACED_SPANS_PER_S = 1_000
INDEXED_BUDGET = 250.0


def measure() -> Iterator[Row]:
    """Yield the rows."""
    for name, (given, budget) in PAYLOADS.items():
        with recording() as recorder:
            rounds = [_round(recorder, given, _at_once) for _ in range(ROUNDS)]
            size = _bytes_per_span(recorder)
        kept, indexed = (median(list(costs)) for costs in zip(*rounds, strict=True))
        yield Row(bench=f"writer/{name}", metric="cpu", value=kept, unit="us", budget=budget)
        yield Row(
            bench=f"writer/{name}",
            metric="cpu with the index of words",
            value=indexed,
            unit="us",
            budget=budget and INDEXED_BUDGET,
        )
        yield Row(bench=f"writer/{name}", metric="store", value=size, unit="bytes")
    with recording() as recorder:
        paced = median([_round(recorder, PROMPT, _paced)[1] for _ in range(3)])
    yield Row(
        bench="writer/strings, paced",
        metric="cpu with the index of words",
        value=paced,
        unit="us",
        budget=INDEXED_BUDGET,
        note=f"{PACED_SPANS_PER_S} spans/s: about 20 spans a commit instead of 500",
    )


def _round(
    recorder: Recorder, given: Any, drive: Callable[[Callable[[], None], int], None]
) -> tuple[float, float]:
    """Return the CPU time per span, in µs, of every thread but this one.

    Twice: without and with the words that were left to index.
    """
    process_s, own_s = _process_s(), time.thread_time()
    with trace("writer"):
        drive(lambda: record_call(given), SPANS)
    recorder.flush(60)
    spent_s = (_process_s() - process_s) - (time.thread_time() - own_s)
    began_s = time.thread_time()
    while store_of(recorder).tend():
        pass
    index_s = time.thread_time() - began_s
    return spent_s / SPANS * 1e6, (spent_s + index_s) / SPANS * 1e6


def _at_once(call: Callable[[], None], count: int) -> None:
    for _ in range(count):
        call()


def _paced(call: Callable[[], None], count: int) -> None:
    due = time.perf_counter()
    for _ in range(count):
        due += 1 / PACED_SPANS_PER_S
        time.sleep(max(0.0, due - time.perf_counter()))
        call()


def _process_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _bytes_per_span(recorder: Recorder) -> float:
    stats = store_of(recorder).stats()
    return stats["size_bytes"] / stats["spans"]
