"""Whether spans arrive, and when: a burst, a steady stream, a process that is killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from agentglass import Span, trace
from agentglass.spans import AnchoredClock, Gap
from agentglass.store.sqlite import SQLiteStore
from benchmarks.caller import record_call
from benchmarks.payloads import PROMPT
from benchmarks.rows import Row, percentile
from benchmarks.scratch import recording, scratch_directory, store_of

__all__ = ["TimedStore", "measure", "record_paced"]

BURST = 20_000
SPANS_PER_S = 1_000
STEADY_SPANS = 10_000
KILLS = 8
ROOT = Path(__file__).resolve().parents[1]


class TimedStore(SQLiteStore):
    """A store that notes how old each span was when its commit returned."""

    def __init__(self, path: Path, now_ns: Callable[[], int]) -> None:
        super().__init__(path)
        self._committed_ns = now_ns
        self.lags_ms: list[float] = []

    def write(self, spans: Iterable[Span], gaps: Iterable[Gap] = ()) -> int:
        """Write, then look at the clock."""
        batch = list(spans)
        seq = super().write(batch, gaps)
        now_ns = self._committed_ns()
        self.lags_ms += [(now_ns - span.end_ns) / 1e6 for span in batch if span.end_ns is not None]
        return seq


def record_paced(count: int, after_each: Callable[[], None]) -> list[float]:
    """Record spans at `SPANS_PER_S`; return what each call cost, in µs."""
    costs: list[float] = []
    due = time.perf_counter()
    for _ in range(count):
        due += 1 / SPANS_PER_S
        time.sleep(max(0.0, due - time.perf_counter()))
        began = time.perf_counter_ns()
        record_call(PROMPT)
        costs.append((time.perf_counter_ns() - began) / 1000)
        after_each()
    return costs


def measure() -> Iterator[Row]:
    """Yield the rows."""
    yield from _burst()
    yield from _steady()
    yield _killed()


def _burst() -> Iterator[Row]:
    with recording() as recorder:
        before = store_of(recorder).stats()["spans"]
        began = time.perf_counter()
        with trace("burst"):
            for _ in range(BURST):
                record_call(PROMPT)
        recorder.flush(120)
        taken_s = time.perf_counter() - began
        lost = BURST + 1 - (store_of(recorder).stats()["spans"] - before)
    note = f"{BURST} spans in a row"
    yield Row(bench="burst", metric="lost", value=lost, unit="spans", budget=0, note=note)
    rate = (BURST + 1) / taken_s
    yield Row(bench="burst", metric="durable", value=rate, unit="spans/s", note=note)


def _steady() -> Iterator[Row]:
    clock = AnchoredClock()
    with scratch_directory() as directory:
        store = TimedStore(directory / "traces.db", clock.now_ns)
        with recording(store=store, clock=clock):
            store.lags_ms.clear()
            with trace("steady"):
                costs = record_paced(STEADY_SPANS, _nothing)
        store.close()
    note = f"{SPANS_PER_S} spans/s"
    for metric, share in (("p50", 0.5), ("p99", 0.99)):
        lag = percentile(store.lags_ms, share)
        yield Row(bench="durable lag", metric=metric, value=lag, unit="ms", budget=50.0, note=note)
    for metric, share in (("p50", 0.5), ("p99", 0.99)):
        yield Row(
            bench="caller/strings, steady",
            metric=metric,
            value=percentile(costs, share),
            unit="us",
            budget=250.0 if metric == "p99" else None,
            note=f"{note}; the program sleeps between them, so that caches are cold",
        )


def _killed() -> Row:
    ages = [_oldest_lost_ms() for _ in range(KILLS)]
    return Row(
        bench="kill -9",
        metric="age of the oldest lost span",
        value=max(ages),
        unit="ms",
        budget=50.0,
        note=f"the worst of {KILLS} kills at {SPANS_PER_S} spans/s",
    )


def _oldest_lost_ms() -> float:
    """Kill a process that records; return how long before that the first lost span had ended."""
    with scratch_directory() as home:
        child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.victim"],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=dict(os.environ, AGENTGLASS_HOME=str(home)),
        )
        assert child.stdout is not None
        child.stdout.readline()
        killed_ns: list[int] = []
        threading.Timer(0.7, lambda: killed_ns.append(_kill(child))).start()
        ended_ns = [int(line) for line in child.stdout if line.endswith(b"\n")]
        child.wait()
        store = SQLiteStore(home / "traces.db")
        kept = store.stats()["spans"] - 1
        store.close()
    # One thread records, so that the spans are stored in the order in which they ended.
    return (killed_ns[0] - ended_ns[kept]) / 1e6 if kept < len(ended_ns) else 0.0


def _kill(child: subprocess.Popen[bytes]) -> int:
    now_ns = time.time_ns()
    child.send_signal(signal.SIGKILL)
    return now_ns


def _nothing() -> None:
    """Stand for what nobody needs after a span."""
