"""Opening the store: the first place that works, and a word on what did not."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from agentglass.errors import StoreError
from agentglass.store.home import STORE_NAME, fallback_home, resolve_home
from agentglass.store.sqlite import SQLiteStore

__all__ = ["OpenedStore", "open_store"]


@dataclass(frozen=True, slots=True)
class OpenedStore:
    """A store that works, and what a user should hear about it."""

    store: SQLiteStore
    notices: tuple[str, ...] = ()


def open_store(home: str | Path | None = None) -> OpenedStore:
    """Open the store of `home`, or else one that lets the run go on with its record.

    A home that is read-only, full, of a newer version or on a file system without WAL gives way to
    a directory of this user below the system's temporary one, and that to memory.
    """
    first = resolve_home(home) / STORE_NAME
    second = fallback_home(home) / STORE_NAME
    notices: list[str] = []
    for path in dict.fromkeys((first, second)):
        try:
            if path == second:
                _require_own(path.parent)
            store = SQLiteStore(path)
            store.check()
        except (StoreError, OSError) as error:
            notices.append(str(error))
            continue
        if notices:
            notices.append(f"This run is recorded in {str(path)!r} instead.")
        return OpenedStore(store, tuple([" ".join(notices)] if notices else ()))
    notices.append("This run is recorded in memory only; it cannot be shown later.")
    return OpenedStore(SQLiteStore(":memory:"), (" ".join(notices),))


def _require_own(directory: Path) -> None:
    """Refuse a directory that somebody else laid out for us: the temporary one is shared."""
    if not directory.exists():
        directory.mkdir(mode=0o700)
    info = directory.lstat()
    if not stat.S_ISDIR(info.st_mode):
        raise StoreError(f"{str(directory)!r} is not a directory.")
    if hasattr(os, "getuid") and info.st_uid != os.getuid():
        raise StoreError(f"The directory {str(directory)!r} belongs to another user.")
