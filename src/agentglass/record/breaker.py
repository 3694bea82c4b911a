"""When to ask a sink again that did not answer."""

import os
import random
import time
from collections.abc import Callable

__all__ = ["Breaker", "full_jitter"]

BASE_S = 0.5
CAP_S = 60.0
LONGEST_S = 3600.0
"""However long a destination asks us to wait."""


def full_jitter(attempts: int, generator: random.Random) -> float:
    """Return how long to wait after so many failures: anything up to a bound that doubles.

    Many senders that failed at once do not come back at once
    (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
    """
    return generator.uniform(0.0, min(CAP_S, BASE_S * 2.0 ** min(attempts, 16)))


class Breaker:
    """Keeps a sender from asking a sink that is down; lets one attempt through when it is time.

    Args:
        now_s: A clock that never goes back.
        generator: Source of the jitter; of its own, because programs call `random.seed`.
    """

    def __init__(
        self,
        now_s: Callable[[], float] = time.monotonic,
        generator: random.Random | None = None,
    ) -> None:
        self._now_s = now_s
        self._generator = generator or random.Random(os.urandom(16))
        self._failures = 0
        self._failing_since = 0.0
        self._next_at = 0.0

    @property
    def is_failing(self) -> bool:
        """Whether the last attempt failed."""
        return self._failures > 0

    @property
    def failing_s(self) -> float:
        """For how long it has been failing; 0 while it works."""
        return self._now_s() - self._failing_since if self._failures else 0.0

    def wait_s(self) -> float:
        """Return how long to wait before the next attempt; 0 when it may be made."""
        return max(0.0, self._next_at - self._now_s()) if self._failures else 0.0

    def failed(self, after_s: float | None) -> None:
        """Note a failure.

        Args:
            after_s: What the destination asked for, at least.
        """
        if not self._failures:
            self._failing_since = self._now_s()
        wait_s = self.pause_s(self._failures, after_s)
        self._failures += 1
        self._next_at = self._now_s() + wait_s

    def pause_s(self, attempts: int, after_s: float | None) -> float:
        """Return how long to leave something alone that has failed so often before.

        Args:
            attempts: How often.
            after_s: What the destination asked for; the longer of both wins.
        """
        own_s = full_jitter(attempts, self._generator)
        return max(own_s, min(after_s or 0.0, LONGEST_S))

    def worked(self) -> None:
        """Note a success."""
        self._failures = 0
