"""agentglass beside other recorders: the same calls, each measurement in a process of its own.

Runs with the environment of `requirements/bench.txt`, where the peers are.
"""

import json
import math
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired
from threading import Timer
from typing import IO, Any

from agentglass.store.sqlite import SQLiteStore
from benchmarks.peer_server import CountingServer
from benchmarks.rows import Row
from benchmarks.scratch import scratch_directory

__all__ = ["measure"]

ROOT = Path(__file__).resolve().parents[1]
ALONE, SENDING = "agentglass", "agentglass + http"
LOCAL_PEERS = ("otel, null", "mlflow, SQLite")
SENDING_PEERS = ("otel, otlp", "langfuse", "langsmith", "mlflow", "mlflow, sync")
PACED_SPANS = int(os.environ.get("AGENTGLASS_BENCH_SPANS", "200000"))
UNHURRIED = (ALONE, "otel, null")
"""Record all of these spans, however long it takes."""
PACED_S = 10.0
"""Everybody else records as many as fit into this time."""
BURST_SPANS = 20_000
BURST_S = 20.0
DELAY_S = 2.0
END_S = 60.0
"""A program that has not ended so long after its burst is killed; what it still has is lost."""
LIMIT_S = 900.0
"""A process that has not said anything by then is killed."""
AT_ONCE = 2
"""Bursts of peers: they wait for the server nearly all the time."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a process said, and what came of it."""

    figures: dict[str, Any]
    arrived: int
    """Calls that the server saw before the process ended."""
    was_killed: bool
    stored: int = 0
    """Calls in the store of agentglass."""
    pushed: int = 0
    """Calls that the server had seen after `agentglass push`."""


def measure() -> Iterator[Row]:
    """Yield the rows."""
    yield from _paced(ALONE, LOCAL_PEERS)
    yield from _paced(SENDING, SENDING_PEERS)
    yield from _bursts()


def _paced(own_name: str, peers: tuple[str, ...]) -> Iterator[Row]:
    own = _steady(own_name)
    for name in peers:
        peer = _steady(name)
        for bench, metric, figure, unit in (
            ("caller", "p50", "p50", "us"),
            ("caller", "p99", "p99", "us"),
            ("process CPU", "per span", "cpu", "us"),
            ("resident memory", "at the end", "resident", "MB"),
            ("resident memory", "growth", "grown", "MB"),
        ):
            yield Row(
                bench=f"peers/{bench}",
                metric=metric,
                value=own[figure],
                unit=unit,
                peer=f"{name}: {peer['version']}",
                peer_value=peer[figure],
                note=f"{own_name} with {own['spans']} spans, the peer with {peer['spans']}",
            )


def _steady(name: str) -> dict[str, Any]:
    seconds = math.inf if name in UNHURRIED else PACED_S
    return _run(name, "steady", PACED_SPANS, seconds).figures


def _bursts() -> Iterator[Row]:
    own = _burst(SENDING)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for name, peer in zip(SENDING_PEERS, pool.map(_burst, SENDING_PEERS), strict=True):
            yield Row(
                bench=f"peers/burst, {DELAY_S:.0f} s per request",
                metric="lost",
                value=own.figures["spans"] - own.stored,
                unit="spans",
                budget=0,
                peer=f"{name}: {peer.figures['version']}",
                peer_value=peer.figures["spans"] - peer.arrived,
                note=f"{SENDING}: {_told(own)}; the peer: {_told(peer)}",
            )


def _burst(name: str) -> Outcome:
    return _run(name, "burst", BURST_SPANS, BURST_S, DELAY_S)


def _told(outcome: Outcome) -> str:
    figures = outcome.figures
    parts = [f"{figures['spans']} made in {figures['seconds']:.1f} s", f"{outcome.arrived} arrived"]
    if outcome.stored:
        parts += [f"{outcome.stored} stored", f"{outcome.pushed} arrived after `agentglass push`"]
    if outcome.was_killed:
        parts.append(f"still sending after {END_S:.0f} s and killed")
    return ", ".join(parts)


def _run(name: str, measurement: str, spans: int, seconds: float, delay_s: float = 0.0) -> Outcome:
    """Let one process measure one peer against a server that takes so long for each request."""
    with scratch_directory() as home, CountingServer(delay_s) as server:
        arguments = [name, measurement, server.address, str(home), str(spans), str(seconds)]
        figures, was_killed = _measured(arguments, home)
        arrived = server.arrived
        stored = pushed = 0
        if name == SENDING and measurement == "burst":
            stored = _stored_calls(home / "traces.db")
            _ends(_python(home, "-m", "agentglass", "push"))
            pushed = server.arrived
        return Outcome(figures, arrived, was_killed, stored, pushed)


def _measured(arguments: list[str], home: Path) -> tuple[dict[str, Any], bool]:
    """Return what a process said, and whether it had to be killed."""
    with (home / "errors").open("w+b") as errors:
        child = _python(home, "-m", "benchmarks.peer_process", *arguments, stderr=errors)
        assert child.stdout is not None
        watchdog = Timer(LIMIT_S, child.kill)
        watchdog.start()
        with child.stdout:
            line = child.stdout.readline()
        watchdog.cancel()
        was_killed = not _ends(child)
        if not line:
            errors.seek(0)
            raise RuntimeError(f"{arguments[:2]} failed: {errors.read().decode()[-2000:]}")
    return json.loads(line), was_killed


def _python(home: Path, *arguments: str, stderr: IO[bytes] | int = DEVNULL) -> Popen[bytes]:
    """Start Python in an environment in which nobody reports home."""
    environment = {
        "AGENTGLASS_HOME": str(home),
        "DO_NOT_TRACK": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    return Popen(
        [sys.executable, *arguments],
        stdout=PIPE,
        stderr=stderr,
        cwd=ROOT,
        env=os.environ | environment,
    )


def _ends(child: Popen[bytes]) -> bool:
    """Return whether a process ended by itself."""
    try:
        child.wait(END_S)
    except TimeoutExpired:
        child.kill()
        child.wait()
        return False
    return True


def _stored_calls(path: Path) -> int:
    """Return how many spans are stored, the roots not counted."""
    store = SQLiteStore(path)
    try:
        stats = store.stats()
        return stats["spans"] - stats["traces"]
    finally:
        store.close()
