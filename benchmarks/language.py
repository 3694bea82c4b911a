"""A map of 1 000 items, and a file of 1 000 nodes: how long it takes to check, compile and run."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from agentglass.workflow import Workflow, compile_workflow, execute, load
from benchmarks.rows import Row, median
from benchmarks.scratch import recording, scratch_directory

__all__ = ["measure"]

ITEMS = 1000
NODES = 1000
TURNS = 5

_MAP = """\
schema_version: "1.0"
flow: {name: mapped}
state: {fields: {numbers: list, results: list}}
nodes:
  - id: each
    type: map
    items: "{numbers}"
    parallel: %s
    do: {type: python, callable: "benchmarks.steps:count", inputs: {counter: "{item}"}}
    outputs: [results]
"""


def measure() -> Iterator[Row]:
    """Yield the rows."""
    with scratch_directory() as directory, ExitStack() as stack:
        stack.enter_context(recording())
        yield from _maps(directory)
        yield from _thousand_nodes(directory)


def _maps(directory: Path) -> Iterator[Row]:
    for word, metric in (("false", "one at a time"), ("true", "ten at once")):
        file = directory / f"map-{word}.yaml"
        file.write_text(_MAP % word, encoding="utf-8")
        workflow = load(file)
        off, full = (_median_ms(partial(_run, workflow, level)) for level in ("off", "trace"))
        yield Row(
            bench=f"language/map of {ITEMS} items",
            metric=metric,
            value=full,
            unit="ms",
            peer="the same at off",
            peer_value=off,
        )


def _run(workflow: Workflow, level: str) -> None:
    result = execute(workflow, {"numbers": list(range(ITEMS))}, level=level)
    if result.error is not None:
        raise result.error


def _thousand_nodes(directory: Path) -> Iterator[Row]:
    file = directory / "thousand.yaml"
    file.write_text(_thousand(), encoding="utf-8")
    checked = _median_ms(lambda: load(file))
    workflow = load(file)
    compiled = _median_ms(lambda: compile_workflow(workflow))
    for metric, value in (("validate", checked), ("compile", compiled)):
        yield Row(bench=f"language/file of {NODES} nodes", metric=metric, value=value, unit="ms")
    yield Row(
        bench=f"language/file of {NODES} nodes",
        metric="validate and compile",
        value=checked + compiled,
        unit="ms",
        budget=1000,
    )


def _thousand() -> str:
    """Return a file with a fork, a route and a join in every ten nodes."""
    lines = [
        'schema_version: "1.0"',
        "flow: {name: thousand}",
        'state: {fields: {log: {type: "list[str]", reducer: append}, n: {type: int, default: 0}}}',
        "nodes:",
    ]
    lines += [f"  - {{id: n{i}, type: set, values: {{log: ['{{n}}']}}}}" for i in range(NODES)]
    lines += ["edges:", "  - {from: START, to: n0}"]
    for first in range(0, NODES, 10):
        names = [f"n{first + place}" for place in range(10)]
        after = f"n{first + 10}" if first + 10 < NODES else "END"
        fork, left, right, join = names[:4]
        lines += [
            f"  - {{from: {fork}, parallel: [{left}, {right}]}}",
            f"  - {{from: {left}, to: {join}}}",
            f"  - {{from: {right}, to: {join}}}",
            f"  - {{from: {join}, routes: [{{condition: 'n > 3', to: {names[4]}}}], default: {names[5]}}}",
            f"  - {{from: {names[4]}, to: {names[5]}}}",
        ]
        chain = [*names[5:], after]
        lines += [f"  - {{from: {a}, to: {b}}}" for a, b in pairwise(chain)]
    return "\n".join(lines)


def _median_ms(work: Callable[[], Any]) -> float:
    """Return the median of a few turns, after one that is not counted."""
    times = []
    for _ in range(TURNS + 1):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    return median(times[1:])
