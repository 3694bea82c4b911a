"""Programs in processes of their own, and what is found of them afterwards."""

import subprocess
import sys
from textwrap import dedent

from agentglass.cli.stores import Stores
from agentglass.spans import Trace, TraceFilter


def start(code: str, **options) -> subprocess.Popen:
    """Start a program that can be talked to."""
    command = [sys.executable, "-c", dedent(code)]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen(command, text=True, **pipes, **options)


def start_ready(code: str) -> subprocess.Popen:
    """Start a program and wait until it says that it is ready."""
    program = start(code)
    line = program.stdout.readline()
    assert line == "ready\n", program.communicate()[1]
    return program


def finish(program: subprocess.Popen, text: str = "") -> tuple[int, str, str]:
    """Tell a program to go on; returns its exit code, output and complaints."""
    out, err = program.communicate(text, timeout=60)
    return program.returncode, out, err


def run(code: str, **options) -> tuple[int, str, str]:
    """Run a program to its end."""
    return finish(start(code, **options))


def traces() -> dict[str, Trace]:
    """Return every run of the home and of its fallback, by name."""
    stores = Stores()
    assert stores.problems == []
    found = [stores.get(run.trace_id) for run in stores.latest(TraceFilter(), 1000)]
    return {trace.summary.name: trace for trace in found}


def statuses(trace: Trace) -> dict[str, str]:
    """Return how each span stands; `died` for one of a process that was not seen to end it."""
    return {
        span.name: "died" if span.error and span.error.type == "ProcessDied" else str(span.status)
        for span in trace.spans
    }
