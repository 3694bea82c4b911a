"""Runs of steps: what it takes to write them, to read them, and to say one."""

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

from agentglass.steps import LLMCallStep, Tracer, TraceRun
from benchmarks.payloads import ANSWER, PROMPT
from benchmarks.rows import Row, median
from benchmarks.scratch import recording

__all__ = ["measure"]

ROUNDS = 7
SAID = 2_000


def measure() -> Iterator[Row]:
    """Yield the rows."""
    for count, budget in ((1_000, 5.0), (10_000, 50.0)):
        run = _run(count)
        text = run.to_json()
        bench = f"trace run/{count} steps"
        written = _median_ms(run.to_json)
        yield Row(bench=bench, metric="to JSON", value=written, unit="ms", budget=budget)
        read = _median_ms(partial(TraceRun.from_json, text))
        yield Row(bench=bench, metric="from JSON", value=read, unit="ms")
    with recording():
        yield Row(bench="tracer", metric="llm_call", value=_said_us(), unit="us", budget=1_000.0)


def _run(count: int) -> TraceRun:
    now = datetime.now(UTC)
    steps = [
        LLMCallStep(
            step_id=str(number),
            timestamp=now,
            model="m",
            input=str(PROMPT),
            output=str(ANSWER),
            tokens_in=12,
            tokens_out=5,
        )
        for number in range(count)
    ]
    return TraceRun(
        run_id=str(uuid.uuid4()), started_at=now, agent_info={"name": "bot"}, steps=steps
    )


def _median_ms(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1e3)
    return median(times)


def _said_us() -> float:
    with Tracer.run("bot") as tracer:
        began = time.perf_counter()
        for _ in range(SAID):
            tracer.llm_call("m", str(PROMPT), str(ANSWER), tokens_in=12, tokens_out=5)
        return (time.perf_counter() - began) / SAID * 1e6
