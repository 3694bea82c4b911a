"""What a call site costs where nothing is recorded."""

import timeit
from collections.abc import Callable, Iterator

from agentglass import span, trace, traced
from benchmarks.rows import Row, median
from benchmarks.scratch import recording

__all__ = ["measure"]

CALLS = 100_000
ROUNDS = 7


def _add_one(number: int) -> int:
    return number + 1


_traced_add_one = traced(_add_one)


def _open_span() -> None:
    with span("chat", type="llm", input="x"):
        pass


def _open_nothing() -> None:
    pass


def measure() -> Iterator[Row]:
    """Yield the rows."""
    with recording(level="off"):
        yield from _call_sites("off")
    with recording(), trace("quiet", level="off"):
        yield from _call_sites("off, inside a trace at off")


def _call_sites(bench: str) -> Iterator[Row]:
    for metric, call, plain in (
        ("span()", _open_span, _open_nothing),
        ("@traced", lambda: _traced_add_one(1), lambda: _add_one(1)),
    ):
        own = median([_ns(call) - _ns(plain) for _ in range(ROUNDS)])
        yield Row(bench=bench, metric=metric, value=own, unit="ns", budget=400.0)


def _ns(call: Callable[[], object]) -> float:
    return timeit.timeit(call, number=CALLS) / CALLS * 1e9
