"""What the writer thread spends per span: copied, redacted, encoded, committed, rolled up."""

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


def measure() -> Iterator[Row]:
    """Yield the rows."""
    for name, (given, budget) in PAYLOADS.items():
        with recording() as recorder:
            costs = [_round(recorder, given, _at_once) for _ in range(ROUNDS)]
            size = _bytes_per_span(recorder)
        yield Row(
            bench=f"writer/{name}", metric="cpu", value=median(costs), unit="us", budget=budget
        )
        yield Row(bench=f"writer/{name}", metric="store", value=size, unit="bytes")
    with recording() as recorder:
        paced = median([_round(recorder, PROMPT, _paced) for _ in range(3)])
    yield Row(
        bench="writer/strings, paced",
        metric="cpu",
        value=paced,
        unit="us",
        budget=150.0,
        note=f"{PACED_SPANS_PER_S} spans/s: about 20 spans a commit instead of 500",
    )


def _round(
    recorder: Recorder, given: Any, drive: Callable[[Callable[[], None], int], None]
) -> float:
    """Return the CPU time per span, in µs, of every thread but this one."""
    process_s, own_s = _process_s(), time.thread_time()
    with trace("writer"):
        drive(lambda: record_call(given), SPANS)
    recorder.flush(60)
    spent_s = (_process_s() - process_s) - (time.thread_time() - own_s)
    return spent_s / SPANS * 1e6


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
