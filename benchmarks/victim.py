"""A process that records until it is killed, and says when each of its spans ended."""

import os
import sys
import time

from agentglass import trace
from benchmarks.durability import record_paced

__all__ = ["main"]


def main() -> None:
    """Record for ten seconds at most."""
    with trace("victim"):
        record_paced(10_000, lambda: _say(time.time_ns()))


def _say(number: int) -> None:
    os.write(sys.stdout.fileno(), b"%d\n" % number)


if __name__ == "__main__":
    main()
