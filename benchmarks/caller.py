"""What one recorded model call costs the program: create, set, end, inside a trace."""

import gc
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from agentglass import Recorder, span, trace
from benchmarks.payloads import ANSWER, ATTRIBUTES, CHAT, MESSAGE_STATE, PROMPT, STATE, USAGE
from benchmarks.peer_otel import PEER, OtelCaller
from benchmarks.rows import Row, median, percentile
from benchmarks.scratch import recording

__all__ = ["measure", "record_call"]

ROUNDS = 40
CHUNK = 250
"""Spans between two flushes: neither our writer nor OTel's queue of 2 048 is what is measured."""
BURST = 10_000

PAYLOADS: dict[str, tuple[Any, float]] = {"strings": (PROMPT, 6.0), "chat": (CHAT, 15.0)}
"""Payload -> the value, the budget in µs."""


def record_call(given: Any, answer: str = ANSWER) -> None:
    """Record one model call."""
    with span("chat gpt-5-mini", type="llm", input=given, attributes=ATTRIBUTES) as active:
        active.output = answer
        active.usage = USAGE


def measure() -> Iterator[Row]:
    """Yield the rows."""
    with ExitStack() as stack:
        recorder = stack.enter_context(recording())
        stack.enter_context(trace("caller"))
        otel = OtelCaller()
        stack.callback(otel.close)
        for name, (given, budget) in PAYLOADS.items():
            yield from _against_otel(recorder, otel, name, given, budget)
        yield from _against_dumps(recorder, otel)
        yield from _without_gc(recorder)
        yield from _burst(recorder)


def _against_otel(
    recorder: Recorder, otel: OtelCaller, name: str, given: Any, budget: float
) -> Iterator[Row]:
    own, peer = _interleaved(
        (lambda: record_call(given), recorder.flush),
        (lambda: otel.call(given, ANSWER), otel.flush),
    )
    bench = f"caller/{name}"
    yield Row(
        bench=bench,
        metric="p50",
        value=median(own),
        unit="us",
        budget=budget,
        peer=PEER,
        peer_value=median(peer),
        ratio_budget=0.1 if name == "strings" else None,
    )
    yield Row(
        bench=bench,
        metric="p99",
        value=percentile(own, 0.99),
        unit="us",
        budget=250.0,
        peer=PEER,
        peer_value=percentile(peer, 0.99),
    )


def _against_dumps(recorder: Recorder, otel: OtelCaller) -> Iterator[Row]:
    own, messages, dumps, peer = _interleaved(
        (lambda: record_call(STATE), recorder.flush),
        (lambda: record_call(MESSAGE_STATE), recorder.flush),
        (lambda: json.dumps(STATE), _nothing),
        (lambda: otel.call(STATE, ANSWER), otel.flush),
    )
    size = f"{len(json.dumps(STATE)) / 1000:.1f} KB as JSON"
    for bench, times in (("caller/state", own), ("caller/state with 12 AIMessages", messages)):
        yield Row(
            bench=bench,
            metric="p50",
            value=median(times),
            unit="us",
            peer="one json.dumps of the plain state",
            peer_value=median(dumps),
            ratio_budget=1.0,
            note=size,
        )
    for metric, share in (("p50 against OTel", 0.5), ("p99", 0.99)):
        yield Row(
            bench="caller/state",
            metric=metric,
            value=percentile(own, share),
            unit="us",
            budget=250.0 if metric == "p99" else None,
            peer=PEER,
            peer_value=percentile(peer, share),
        )


def _without_gc(recorder: Recorder) -> Iterator[Row]:
    """Yield what is left when no garbage collection falls into the calls."""
    gc.collect()
    gc.disable()
    try:
        (own,) = _interleaved((lambda: record_call(PROMPT), recorder.flush))
    finally:
        gc.enable()
    for metric, share in (("p50", 0.5), ("p99", 0.99)):
        yield Row(
            bench="caller/strings, gc off", metric=metric, value=percentile(own, share), unit="us"
        )


def _burst(recorder: Recorder) -> Iterator[Row]:
    """Yield the cost while the writer competes for the interpreter and nobody waits for it."""
    times = _timed(lambda: record_call(PROMPT), BURST)
    receipt = recorder.flush(60)
    note = f"{BURST} spans in a row, the writer running; {receipt.dropped} dropped"
    for metric, value in (
        ("mean", sum(times) / len(times)),
        ("p50", median(times)),
        ("p99", percentile(times, 0.99)),
    ):
        yield Row(bench="caller/strings, burst", metric=metric, value=value, unit="us", note=note)


def _interleaved(
    *programs: tuple[Callable[[], object], Callable[[], object]],
) -> list[list[float]]:
    """Time each call of each program, the programs taking turns; flush between the turns."""
    times: list[list[float]] = [[] for _ in programs]
    for turn in range(ROUNDS + 1):
        for kept, (call, flush) in zip(times, programs, strict=True):
            measured = _timed(call, CHUNK)
            flush()
            if turn > 0:
                kept += measured
    return times


def _timed(call: Callable[[], object], count: int) -> list[float]:
    clock = time.perf_counter_ns
    times: list[float] = []
    for _ in range(count):
        began = clock()
        call()
        times.append((clock() - began) / 1000)
    return times


def _nothing() -> None:
    """Stand for a flush where nothing is queued."""
