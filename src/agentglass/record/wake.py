"""How the writer is woken."""

import threading
from contextlib import suppress

__all__ = ["Wake"]


class Wake:
    """An event for one thread that waits.

    Unlike `threading.Event` it may be set anywhere: a finalizer that ends a span can run while the
    same thread is just setting it, and would wait for itself.
    """

    __slots__ = ("_unset",)

    def __init__(self) -> None:
        self._unset = threading.Lock()
        self._unset.acquire()

    def set(self) -> None:
        """Wake who waits, or who waits next."""
        with suppress(RuntimeError):
            self._unset.release()

    def clear(self) -> None:
        """Forget that it was set."""
        self._unset.acquire(blocking=False)

    def wait(self, timeout_s: float) -> None:
        """Sleep until it is set, and clear it."""
        self._unset.acquire(timeout=timeout_s)
