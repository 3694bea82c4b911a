"""Trials: a program is killed at a random moment, and what it was promised must be there.

20 trials by default; AGENTGLASS_CRASH_TRIALS=200 for all.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from agentglass.cli.stores import Stores
from agentglass.spans import Trace, TraceFilter
from agentglass.store import fallback_home

TRIALS = int(os.environ.get("AGENTGLASS_CRASH_TRIALS", "20"))
ENDS = ("kill", "sigterm", "exit", "full")
VICTIM = Path(__file__).with_name("crash_victim.py")


@dataclass(frozen=True)
class Ended:
    """A line of the victim's log."""

    number: int
    end_ns: int
    vouched_ns: int


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A temporary directory for this trial, so that its fallback store is its own."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return tmp_path


def run_victim(log: Path, chance: random.Random, end: str) -> int:
    """Start the victim and see to its end; returns when that began, in unix ns."""
    figure = chance.randint(1, 200) if end == "exit" else chance.randint(0, 25)
    command = [sys.executable, str(VICTIM), end, str(figure)]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output) as victim:
        if end in ("kill", "sigterm"):
            while not log.stat().st_size and victim.poll() is None:
                time.sleep(0.001)
            time.sleep(chance.uniform(0.0, 0.4))
            sent_ns = time.time_ns()
            victim.send_signal(signal.SIGKILL if end == "kill" else signal.SIGTERM)
        else:
            sent_ns = 2**63
        code = victim.wait(60)
    assert code == {"kill": -signal.SIGKILL, "sigterm": -signal.SIGTERM}.get(end, 0)
    return sent_ns


def read_log(log: Path) -> list[Ended]:
    lines = log.read_bytes().splitlines(keepends=True)
    return [Ended(*map(int, line.split())) for line in lines if line.endswith(b"\n")]


def promised(ended: list[Ended], end: str, sent_ns: int) -> set[int]:
    """Return the numbers of the spans that must be there."""
    if end == "full":
        return {each.number for each in ended}
    if end == "sigterm":
        return {each.number for each in ended if each.end_ns < sent_ns}
    vouched_ns = max((each.vouched_ns for each in ended), default=0)
    return {each.number for each in ended if each.end_ns < vouched_ns}


def only_trace() -> Trace | None:
    """Return the run; none when the victim ended before anything was due to be stored."""
    stores = Stores()
    runs = stores.latest(TraceFilter(), 10)
    assert len(runs) <= 1
    return stores.get(runs[0].trace_id) if runs else None


def assert_opens_clean(home: Path) -> None:
    for path in (home / "traces.db", fallback_home(home) / "traces.db"):
        if path.exists():
            db = sqlite3.connect(path)
            assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            db.close()


def assert_tree_is_whole(trace: Trace) -> None:
    assert trace.tree.missing_parents == []
    assert [node.span.name for node in trace.tree.roots] == ["victim"]
    names = {span.span_id: span.name for span in trace.spans}
    above = {"victim": None, "outer": "victim", "step": "outer"}
    assert all(names.get(span.parent_id) == above[span.name] for span in trace.spans)
    assert all(span.end_ns is not None for span in trace.spans)


@pytest.mark.parametrize("number", range(TRIALS))
def test_nothing_that_was_vouched_for_is_lost(number, home, temporary):
    chance = random.Random(number)
    end = ENDS[number % len(ENDS)]

    sent_ns = run_victim(temporary / "log", chance, end)

    assert_opens_clean(home)
    trace = only_trace()
    kept = {span.input for span in trace.spans if span.name == "step"} if trace else set()
    assert promised(read_log(temporary / "log"), end, sent_ns) - kept == set()
    if trace is not None:
        assert_tree_is_whole(trace)
        assert trace.summary.tags == {"workflow": "crash"}
        assert trace.completeness.is_complete == (end == "full")
        assert (trace.summary.status == "ok") == (end == "full")
