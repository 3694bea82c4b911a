"""One connection to the database, safe to share between threads and to carry over a fork."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agentglass.errors import StoreError
from agentglass.store.migrations import migrate

__all__ = ["Connection"]

_BUSY_TIMEOUT_S = 10.0
_PAGE_BYTES = 16_384
"""Spans of 2 KB take half the room and two thirds of the time of 4 KB pages."""
_MEMORY = ":memory:"
_FAULTS_OF_VALUES = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.NotSupportedError,
    sqlite3.ProgrammingError,
)
"""Errors that say something about what is written, not about the file: trying again is no use."""


class Connection:
    """Opens the database when it is first needed; foreign errors become `StoreError`."""

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        self._pid = 0

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection to one thread."""
        with self._lock, self._translated():
            yield self._open()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the connection to one thread, in a transaction that is committed at the end."""
        with self._lock, self._translated():
            db = self._open()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._db is not None and self._pid == os.getpid():
                with suppress(sqlite3.Error):
                    self._db.close()
            self._db = None

    def _open(self) -> sqlite3.Connection:
        if self._db is not None and self._pid == os.getpid():
            return self._db
        # After a fork the parent's connection is neither used nor closed: both would touch locks
        # that the parent holds (https://www.sqlite.org/howtocorrupt.html, section 2.6).
        _orphans.append(self._db)
        self._pid = os.getpid()
        self._db = self._connect()
        return self._db

    def _connect(self) -> sqlite3.Connection:
        if self.path != _MEMORY:
            _make_private(Path(self.path))
        db = sqlite3.connect(
            self.path,
            timeout=_BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=64,
        )
        try:
            db.row_factory = sqlite3.Row
            db.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            mode = _switch_to_wal(db)
            if mode != "wal" and self.path != _MEMORY:
                raise StoreError(
                    f"The file system of {self.path!r} does not support SQLite's WAL mode. "
                    "Set AGENTGLASS_HOME to a directory on a local disk."
                )
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA journal_size_limit = 67108864")
            db.execute("PRAGMA temp_store = MEMORY")
            migrate(db, self.path)
        except BaseException:
            db.close()
            raise
        return db

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except _FAULTS_OF_VALUES:
            raise
        except sqlite3.Error as error:
            raise StoreError(f"The store {self.path!r} cannot be used: {error}.") from error
        except OSError as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"The store {self.path!r} cannot be used: {error}.") from error


_orphans: list[sqlite3.Connection | None] = []
"""Connections of a parent process, kept from being closed by the garbage collector."""


def _switch_to_wal(db: sqlite3.Connection) -> str:
    """Switch the journal mode; returns the mode that it is in then.

    While another process does the same, SQLite answers "locked" at once, whatever the busy timeout
    (https://www.sqlite.org/c3ref/busy_handler.html).
    """
    deadline = time.monotonic() + _BUSY_TIMEOUT_S
    while True:
        try:
            return str(db.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _make_private(path: Path) -> None:
    """Make the directory 0700 and the file 0600 before SQLite makes it otherwise."""
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
