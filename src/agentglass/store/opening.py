"""Opening the store: the first place that works, and a word on what did not."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from agentglass.errors import StoreError, StoreLostError
from agentglass.store.connection import BUSY_TIMEOUT_S, FileId, file_id
from agentglass.store.damage import keep_aside
from agentglass.store.home import STORE_NAME, fallback_home, resolve_home
from agentglass.store.sqlite import SQLiteStore

__all__ = ["OpenedStore", "open_fallback", "open_home", "open_store", "replace_lost"]


@dataclass(frozen=True, slots=True)
class OpenedStore:
    """A store that works, and what a user should hear about it."""

    store: SQLiteStore
    notices: tuple[str, ...] = ()
    is_home: bool = False
    """Whether it is the one that was asked for."""


def open_store(
    home: str | Path | None = None, *, busy_timeout_s: float = BUSY_TIMEOUT_S
) -> OpenedStore:
    """Open the store of `home`, or else one that lets the run go on with its record.

    A home that is read-only, full, of a newer version or on a file system without WAL gives way to
    a directory of this user below the system's temporary one, and that to memory. A damaged store
    is kept aside and a new one started.
    """
    problems: list[str] = []
    for open_it in (open_home, open_fallback):
        try:
            opened = open_it(home, busy_timeout_s=busy_timeout_s)
        except (StoreError, OSError) as error:
            problems.append(str(error))
            continue
        if not problems:
            return opened
        problems.append(f"This run is recorded in {opened.store.path!r} instead.")
        return OpenedStore(opened.store, (" ".join([*opened.notices, *problems]),))
    problems.append("This run is recorded in memory only; it cannot be shown later.")
    return OpenedStore(SQLiteStore(":memory:"), (" ".join(problems),))


def open_home(
    home: str | Path | None = None, *, busy_timeout_s: float = BUSY_TIMEOUT_S
) -> OpenedStore:
    """Open the store of `home` for writing, and no other.

    Raises:
        StoreError: It cannot be written.
        OSError: Its directory cannot be made, or a damaged store cannot be kept aside.
    """
    return _open(resolve_home(home) / STORE_NAME, busy_timeout_s, is_home=True)


def open_fallback(
    home: str | Path | None = None, *, busy_timeout_s: float = BUSY_TIMEOUT_S
) -> OpenedStore:
    """Open the store that stands in for the one of `home`.

    Raises:
        StoreError: It cannot be written, or its directory belongs to somebody else.
        OSError: The same of its directory.
    """
    directory = fallback_home(home)
    _require_own(directory)
    return _open(directory / STORE_NAME, busy_timeout_s, is_home=False)


def replace_lost(path: str | Path, damaged: FileId | None, why: StoreLostError) -> str:
    """Make room for a new store where one is damaged or gone; returns what a user should hear.

    Raises:
        OSError: The damaged one cannot be kept aside.
    """
    kept = keep_aside(path, damaged)
    where = f"It is kept as {str(kept)!r}. " if kept else ""
    return f"{why} {where}Recording goes on in a new one."


def _open(path: Path, busy_timeout_s: float, *, is_home: bool) -> OpenedStore:
    found = file_id(path)
    notices: tuple[str, ...] = ()
    store = SQLiteStore(path, busy_timeout_s=busy_timeout_s)
    try:
        store.check()
    except StoreLostError as error:
        store.close()
        notices = (replace_lost(path, found, error),)
        store.check()
    if store.is_read_only:
        store.close()
        raise StoreError(f"The store {str(path)!r} can be read, but not written to.")
    return OpenedStore(store, notices, is_home)


def _require_own(directory: Path) -> None:
    """Refuse a directory that somebody else laid out for us: the temporary one is shared."""
    if not directory.exists():
        directory.mkdir(mode=0o700)
    info = directory.lstat()
    if not stat.S_ISDIR(info.st_mode):
        raise StoreError(f"{str(directory)!r} is not a directory.")
    if hasattr(os, "getuid") and info.st_uid != os.getuid():
        raise StoreError(f"The directory {str(directory)!r} belongs to another user.")
