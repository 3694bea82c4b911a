"""Child processes that end through `os._exit`, without the functions that run at exit."""

import os
import sys

__all__ = ["is_worker"]

_LIBRARIES = ("multiprocessing.process", "billiard.process")
"""Modules that know whether this is a worker, also where agentglass was imported after the fork."""
_MAIN = "_MainProcess"

_forked: set[int] = set()
os.register_at_fork(after_in_child=lambda: _forked.add(os.getpid()))


def is_worker() -> bool:
    """Tell whether this process was forked, or is a worker of multiprocessing or Celery."""
    if os.getpid() in _forked:
        return True
    loaded = (sys.modules.get(name) for name in _LIBRARIES)
    return any(type(library.current_process()).__name__ != _MAIN for library in loaded if library)
