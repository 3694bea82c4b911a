"""One measurement of one peer, in a process of its own: `PEER MEASUREMENT URL HOME SPANS SECONDS`.

Prints one line of JSON when everything is recorded, before the end of the program is measured.
"""

import gc
import json
import math
import resource
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.payloads import ANSWER, PROMPT
from benchmarks.peer_port import Peer, mark, open_peer
from benchmarks.rows import median, percentile

__all__ = ["TRACE_CALLS", "burst", "main", "steady"]

TRACE_CALLS = 100
"""Calls below one root."""
FLUSH_TRACES = 3
"""A flush after so many: no queue of anybody's is what is measured."""
TIMED = 30_000
"""So many calls at most are timed one by one."""
MEMORY_BYTES = 8 * 2**30


def main(arguments: list[str]) -> None:
    """Measure."""
    name, measurement, url, home, spans, seconds = arguments
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    peer = open_peer(name, url, Path(home))
    measure = {"steady": steady, "burst": burst}[measurement]
    figures = measure(peer, int(spans), float(seconds))
    print(json.dumps({"version": peer.version, **figures}), flush=True)
    peer.close()


def steady(peer: Peer, most: int, seconds: float) -> dict[str, Any]:
    """Record until there are enough spans or it took long enough; flush now and then."""
    times: list[float] = []
    _record_trace(peer, 0, [])
    peer.flush()
    gc.collect()
    resident, cpu = _resident_mb(), time.process_time()
    made, until = 0, time.monotonic() + seconds
    while made < most and time.monotonic() < until:
        for _ in range(FLUSH_TRACES):
            made += _record_trace(peer, made, times)
        peer.flush()
    cpu = time.process_time() - cpu
    return {
        "spans": made,
        "p50": median(times),
        "p99": percentile(times, 0.99),
        "cpu": cpu * 1e6 / made,
        "resident": _resident_mb(),
        "grown": _resident_mb() - resident,
    }


def burst(peer: Peer, most: int, seconds: float) -> dict[str, Any]:
    """Record as fast as the peer lets us, without a flush."""
    began = time.monotonic()
    made = 0
    while made < most and time.monotonic() < began + seconds:
        made += _record_trace(peer, made, [], began + seconds)
    return {"spans": made, "seconds": time.monotonic() - began}


def _record_trace(peer: Peer, first: int, times: list[float], until: float = math.inf) -> int:
    """Record a root with its calls; return how many there was time for."""
    clock = time.perf_counter_ns
    made = 0
    with peer.trace():
        while made < TRACE_CALLS and time.monotonic() < until:
            given = f"{mark(first + made)} {PROMPT}"
            began = clock()
            peer.call(given, ANSWER)
            taken_ns = clock() - began
            made += 1
            if len(times) < TIMED:
                times.append(taken_ns / 1000)
    return made


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


if __name__ == "__main__":
    main(sys.argv[1:])
