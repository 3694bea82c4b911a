"""A clock and ids that a test can predict."""

import itertools

__all__ = ["FakeClock", "SequentialIds"]


class FakeClock:
    """A `Clock` that moves only when it is told to, or by a fixed step at every reading.

    Args:
        start_ns: Unix time in nanoseconds; 2026-01-01 when not given.
        step_ns: How far each reading moves it on.
    """

    def __init__(self, start_ns: int = 1_767_225_600 * 10**9, step_ns: int = 0) -> None:
        self._now_ns = start_ns
        self._step_ns = step_ns

    def now_ns(self) -> int:
        """Return the time, then move on by the step."""
        now_ns = self._now_ns
        self._now_ns += self._step_ns
        return now_ns

    def advance(self, seconds: float) -> None:
        """Move on."""
        self._now_ns += round(seconds * 1e9)


class SequentialIds:
    """An `IdSource` that counts: trace ids are UUIDs v4 all the same."""

    def __init__(self) -> None:
        self._traces = itertools.count(1)
        self._spans = itertools.count(1)

    def trace_id(self) -> str:
        """Return `00000000000040008000000000000001`, and so on."""
        return f"00000000000040008000{next(self._traces):012x}"

    def span_id(self) -> str:
        """Return `0000000000000001`, and so on."""
        return f"{next(self._spans):016x}"
