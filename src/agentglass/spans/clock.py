"""Time: one wall-clock anchor per process, carried on by the monotonic clock."""

import time
from typing import Protocol

__all__ = ["AnchoredClock", "Clock"]


class Clock(Protocol):
    """Where times come from; `agentglass.testing.FakeClock` is the one that stands still."""

    def now_ns(self) -> int:
        """Return unix time in nanoseconds; never goes backwards within a process."""
        ...


class AnchoredClock:
    """Wall-clock time read once, then advanced by the monotonic clock.

    A span can therefore never end before it started, nor start before its parent, whatever
    somebody does to the system's clock.
    """

    __slots__ = ("_offset",)

    def __init__(self) -> None:
        self._offset = time.time_ns() - time.perf_counter_ns()

    def now_ns(self) -> int:
        """Return unix time in nanoseconds."""
        return self._offset + time.perf_counter_ns()
