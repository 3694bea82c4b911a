"""A 20-node workflow at each level, beside the same LangGraph graph written by hand."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from langgraph.graph.state import CompiledStateGraph

from agentglass import Recorder, trace
from agentglass.record import LEVELS
from agentglass.record.node import TracedNode
from agentglass.spans import Level
from agentglass.workflow import Workflow, aexecute, compile_workflow
from benchmarks.graphs import NODES, hand_written, twenty_nodes
from benchmarks.rows import Row, median
from benchmarks.scratch import recording, scratch_directory

__all__ = ["measure"]

PEER = f"langgraph {version('langgraph')} by hand"
RATIO_BUDGETS = {"metrics": 1.15, "trace": 1.5}
SLOW_TURNS = 12
QUICK_TURNS = 25
SINGLE_RUNS = 3
"""Single runs that are measured at each turn."""
IN_A_ROW = 10
"""Runs of quick nodes in one measurement, so that the writer's work falls into it."""

Program = Callable[[], Awaitable[object]]


def measure() -> Iterator[Row]:
    """Yield the rows."""
    with scratch_directory() as directory, ExitStack() as stack:
        recorder = stack.enter_context(recording())
        yield _wrapped_at_off(twenty_nodes(directory, "count"))
        yield from _ten_ms_nodes(recorder, directory)
        for runs in (1, IN_A_ROW):
            yield from _quick_nodes(recorder, directory, runs)


def _wrapped_at_off(workflow: Workflow) -> Row:
    nodes: dict[str, Any] = compile_workflow(workflow, is_recorded=False).nodes
    wrapped = sum(
        isinstance(getattr(node.bound, "afunc", None), TracedNode) for node in nodes.values()
    )
    return Row(bench="workflow/off", metric="wrapped nodes", value=wrapped, unit="nodes", budget=0)


def _ten_ms_nodes(recorder: Recorder, directory: Path) -> Iterator[Row]:
    workflow = twenty_nodes(directory, "pause")
    off, metrics, full = _medians(
        recorder, [partial(_execute, workflow, level) for level in LEVELS], SLOW_TURNS, 1
    )
    for level, value, limit in (("metrics", metrics, 1.01), ("trace", full, None)):
        yield Row(
            bench="workflow/10 ms nodes",
            metric=level,
            value=value,
            unit="ms",
            peer="the same at off",
            peer_value=off,
            ratio_budget=limit,
        )


def _quick_nodes(recorder: Recorder, directory: Path, runs: int) -> Iterator[Row]:
    workflow = twenty_nodes(directory, "count")
    plain, wrapped = hand_written(), hand_written(traced=True)
    programs: dict[str, Program] = {
        "compiled once": lambda: plain.ainvoke({"counter": 0}),
        "compiled for each run": lambda: hand_written().ainvoke({"counter": 0}),
        **{f"file {level}": partial(_execute, workflow, level) for level in LEVELS},
        **{f"traced_node {level}": partial(_invoke, wrapped, level) for level in LEVELS[1:]},
    }
    medians = _medians(recorder, [*programs.values()], QUICK_TURNS, runs)
    times = dict(zip(programs, medians, strict=True))
    note = "one run" if runs == 1 else f"{runs} runs in a row, the writer's work included"
    for program, peer in (
        ("traced_node", "compiled once"),
        ("file", "compiled for each run"),
        ("file", "compiled once"),
    ):
        for level in LEVELS:
            if f"{program} {level}" in times:
                yield Row(
                    bench=f"workflow/{program}, langgraph {peer}",
                    metric=level,
                    value=times[f"{program} {level}"] / NODES,
                    unit="ms per node",
                    peer=PEER,
                    peer_value=times[peer] / NODES,
                    ratio_budget=RATIO_BUDGETS.get(level),
                    note=note,
                )


async def _execute(workflow: Workflow, level: Level) -> None:
    result = await aexecute(workflow, level=level)
    if result.error is not None:
        raise result.error


async def _invoke(graph: CompiledStateGraph[Any], level: Level) -> None:
    with trace("by hand", level=level):
        await graph.ainvoke({"counter": 0})


def _medians(recorder: Recorder, programs: list[Program], turns: int, runs: int) -> list[float]:
    """Return ms per run of each program, the programs taking turns."""
    warm_up = hand_written()
    times: list[list[float]] = [[] for _ in programs]
    for turn in range(turns + 1):
        for kept, program in zip(times, programs, strict=True):
            measured = asyncio.run(_ms_per_run(recorder, warm_up, program, runs))
            if turn > 0:
                kept += measured
    return [median(each) for each in times]


async def _ms_per_run(
    recorder: Recorder, warm_up: CompiledStateGraph[Any], program: Program, runs: int
) -> list[float]:
    """Measure so many runs in a row; nothing is queued at the start, and the caches are warm."""
    times: list[float] = []
    for _ in range(SINGLE_RUNS if runs == 1 else 1):
        recorder.flush(60)
        await warm_up.ainvoke({"counter": 0})
        began = time.perf_counter()
        for _ in range(runs):
            await program()
        times.append((time.perf_counter() - began) / runs * 1000)
    return times
