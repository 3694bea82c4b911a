"""A copy of the store in one file, taken while programs write to it."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from agentglass.errors import OptionError
from agentglass.store.connection import Connection

__all__ = ["back_up"]


def back_up(connection: Connection, target: str | Path, *, force: bool = False) -> int:
    """Copy a store as it is at this moment; returns the size of the copy in bytes.

    The copy is readable by its owner only, appears when it is whole, and needs no second file.

    Args:
        connection: To the store.
        target: The file to write.
        force: Whether a file that is there is replaced.

    Raises:
        OptionError: The file is there already, or it is the store itself.
        OSError: It cannot be written.
    """
    path = Path(target)
    _refuse_the_store(connection.path, path)
    if not force:
        _claim(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        _copy(connection, partial)
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        if not force:
            path.unlink(missing_ok=True)
        raise
    return path.stat().st_size


def _copy(connection: Connection, path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    copy = sqlite3.connect(path, isolation_level=None)
    try:
        # All pages in one step: between two, a program that writes would make it begin again.
        with connection.reading() as db:
            db.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode = DELETE")
    finally:
        copy.close()


def _claim(path: Path) -> None:
    """Make the file, so that nobody else can between the look and the copy."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        raise OptionError(
            f"{str(path)!r} is there already. Choose another name, or replace it with --force."
        ) from None


def _refuse_the_store(store: str, path: Path) -> None:
    for name in (store, f"{store}-wal", f"{store}-shm"):
        with suppress(OSError):
            if path.samefile(name):
                raise OptionError(f"{str(path)!r} is the store itself. Choose another name.")
