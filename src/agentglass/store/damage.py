"""A damaged store: kept aside, so that a new one can take its place."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from agentglass.store.connection import FileId, file_id

__all__ = ["keep_aside"]

_WITH_IT = ("-wal", "-shm", "")
"""The database goes last: whoever opens its path earlier finds the damaged one, and whoever opens
it later makes a new one, of which nothing may be taken away."""


def keep_aside(path: str | Path, damaged: FileId | None) -> Path | None:
    """Rename a store to `NAME.corrupt-TIME`.

    Args:
        path: Where the store is.
        damaged: The file that was found to be damaged.

    Returns:
        Where it is kept; None when another file stands there by now, because another process did
        the same or somebody removed it.
    """
    if damaged is None or file_id(path) != damaged:
        return None
    with _alone_in(Path(path).parent):
        if file_id(path) != damaged:
            return None
        kept = _free_name(f"{path}.corrupt-{time.strftime('%Y%m%d-%H%M%S')}")
        for suffix in _WITH_IT:
            with suppress(FileNotFoundError):
                os.rename(f"{path}{suffix}", f"{kept}{suffix}")
        return kept


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """Keep other processes from renaming here at the same time."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        # Where there are no locks, two processes may still both rename; then one finds nothing.
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _free_name(wanted: str) -> Path:
    names = (wanted if number == 1 else f"{wanted}-{number}" for number in count(1))
    return next(path for path in map(Path, names) if not path.exists())
