"""Run the benchmarks: `python -m benchmarks [GROUP ...]`; rows go to stdout, progress to stderr."""

import platform
import sys
import time
from collections.abc import Callable, Iterable
from importlib import import_module

from benchmarks.rows import Row

GROUPS = (
    "startup",
    "caller",
    "writer",
    "off",
    "workflow",
    "language",
    "durability",
    "store",
    "search",
    "trace_run",
)
PEERS = "peers"
"""Needs an environment of its own, and so runs only when it is named."""


def main(arguments: list[str]) -> int:
    """Run the named groups, or all but the peers."""
    known = (*GROUPS, PEERS)
    unknown = sorted(set(arguments) - set(known))
    if unknown:
        print(f"Unknown group {unknown[0]!r}. Groups: {', '.join(known)}.", file=sys.stderr)
        return 2
    print(f"{platform.platform()}, Python {platform.python_version()}", file=sys.stderr)
    for group in arguments or GROUPS:
        began = time.monotonic()
        run: Callable[[], Iterable[Row]] = import_module(f"benchmarks.{group}").measure
        for row in run():
            print(row.to_json(), flush=True)
        print(f"{group}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    return 0


sys.exit(main(sys.argv[1:]))
