"""SQLite and `fork`: no thread is inside the library while the process forks.

SQLite has locks of its own that all connections share. A child that is forked while a thread holds
one can never take it, and hangs when it opens a database.
"""

import os
import threading
import weakref
from types import TracebackType

__all__ = ["ForkSafeLock", "fork_safe_lock"]

_PATIENCE_S = 0.2
"""How long a fork waits for one connection; a batch is written in a tenth of it."""


class ForkSafeLock:
    """A lock around the use of SQLite, which a thread may take more than once.

    Nobody holds it during a fork, and in the child it is free.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def acquire(self, timeout_s: float = -1) -> bool:
        """Take the lock; False after the timeout."""
        return self._lock.acquire(timeout=timeout_s)

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()

    def renew(self) -> None:
        """Forget who held the lock: in a forked child there are no other threads."""
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._lock.release()


_locks: "weakref.WeakSet[ForkSafeLock]" = weakref.WeakSet()
_forking = threading.RLock()
_held: list[ForkSafeLock] = []


def fork_safe_lock() -> ForkSafeLock:
    """Return a lock that every fork of this process waits for."""
    lock = ForkSafeLock()
    _locks.add(lock)
    return lock


def _before() -> None:
    _forking.acquire()
    _held.extend(lock for lock in list(_locks) if lock.acquire(_PATIENCE_S))


def _after_in_parent() -> None:
    while _held:
        _held.pop().release()
    _forking.release()


def _after_in_child() -> None:
    _held.clear()
    for lock in list(_locks):
        lock.renew()
    _forking.release()


os.register_at_fork(
    before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child
)
