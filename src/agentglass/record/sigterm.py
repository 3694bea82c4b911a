"""SIGTERM: the record is closed first, then the signal does what it would have done anyway."""

import _thread
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

__all__ = ["close_on_sigterm"]


def close_on_sigterm(close: Callable[[], object]) -> bool:
    """Have the record closed before SIGTERM ends the process.

    A handler of the program is never replaced, and one that comes later replaces this one.

    Args:
        close: Called on a thread of its own, once.

    Returns:
        Whether it could be arranged: only from the main thread, and only where SIGTERM still has
        its default effect.
    """
    if threading.current_thread() is not threading.main_thread():
        return False
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return False

    def end() -> None:
        try:
            close()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    def handle(number: int, _frame: FrameType | None) -> None:
        # It interrupts the main thread anywhere, even where that holds a lock which `close` or
        # `threading.Thread.start` needs: so the main thread goes on, until the signal comes again.
        signal.signal(number, signal.SIG_DFL)
        _thread.start_new_thread(end, ())

    signal.signal(signal.SIGTERM, handle)
    return True
