"""How long somebody waits at the command line before anything happens."""

import compileall
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import agentglass
from benchmarks.graphs import twenty_nodes
from benchmarks.rows import Row, median
from benchmarks.scratch import scratch_directory

__all__ = ["measure"]

TURNS = 15
ROOT = Path(__file__).resolve().parents[1]


def measure() -> Iterator[Row]:
    """Yield the rows; every process finds compiled bytecode."""
    compileall.compile_dir(Path(agentglass.__file__).parent, quiet=1)
    command = str(Path(sys.executable).with_name("agentglass"))
    with scratch_directory() as directory:
        twenty_nodes(directory, "count")
        validate, show_help, imported, nothing = _medians(
            [
                [command, "validate", str(directory / "count.yaml")],
                [command, "--help"],
                [sys.executable, "-c", "import agentglass"],
                [sys.executable, "-c", "pass"],
            ],
            directory,
        )
    for metric, value, budget in (
        ("agentglass --help", show_help, 300.0),
        ("agentglass validate FILE", validate, 500.0),
        ("import agentglass", imported - nothing, 60.0),
    ):
        yield Row(bench="startup", metric=metric, value=value, unit="ms", budget=budget)
    yield Row(bench="startup", metric="python -c pass", value=nothing, unit="ms")


def _medians(commands: list[list[str]], home: Path) -> list[float]:
    """Return ms per command; they take turns, after two that fill the caches."""
    environment = dict(os.environ, AGENTGLASS_HOME=str(home), PYTHONPATH=str(ROOT))
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    times: list[list[float]] = [[] for _ in commands]
    for turn in range(TURNS + 2):
        for kept, command in zip(times, commands, strict=True):
            began = time.perf_counter()
            subprocess.run(command, env=environment, cwd=home, capture_output=True, check=True)
            if turn > 1:
                kept.append((time.perf_counter() - began) * 1000)
    return [median(each) for each in times]
