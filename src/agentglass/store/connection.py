"""One connection to the database, safe to share between threads and to carry over a fork."""

import errno
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agentglass.errors import StoreBusyError, StoreError, StoreLostError
from agentglass.store.bodies import register
from agentglass.store.forks import fork_safe_lock
from agentglass.store.migrations import migrate

__all__ = ["BUSY_TIMEOUT_S", "Connection", "FileId", "file_id"]

BUSY_TIMEOUT_S = 10.0
"""How long to wait for another program that writes."""
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
_ERRORS: dict[int, type[StoreError]] = {
    sqlite3.SQLITE_BUSY: StoreBusyError,
    sqlite3.SQLITE_LOCKED: StoreBusyError,
    sqlite3.SQLITE_CORRUPT: StoreLostError,
    sqlite3.SQLITE_NOTADB: StoreLostError,
}
"""Primary result codes of SQLite that mean more than "it does not work"."""

FileId = tuple[int, int]
"""Device and inode: the same path may lead to another file later."""


def file_id(path: str | Path) -> FileId | None:
    """Return what tells a file from its successor; None when there is none."""
    try:
        info = os.stat(path)
    except OSError:
        return None
    return info.st_dev, info.st_ino


class Connection:
    """Opens the database when it is first needed; foreign errors become `StoreError`.

    Args:
        path: The file, or `:memory:`.
        busy_timeout_s: How long to wait for another program that writes, once the file is open.
    """

    def __init__(self, path: str | Path, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self.path = str(path)
        self.file_id: FileId | None = None
        """The file that is open."""
        self.is_read_only = False
        """Whether the file can be read and not be written; known once it is open."""
        self._busy_timeout_s = busy_timeout_s
        self._lock = fork_safe_lock()
        self._db: sqlite3.Connection | None = None
        self._pid = 0

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection to one thread."""
        with self._lock, self._translated():
            yield self._open()

    @contextmanager
    def writing(self, patience_s: float | None = None) -> Iterator[sqlite3.Connection]:
        """Give the connection to one thread, in a transaction that is committed at the end.

        Args:
            patience_s: How long to wait for another program; None waits as long as usual.

        Raises:
            StoreLostError: The file is damaged, or it is no longer the one that was opened; the
                next use opens what is there then.
        """
        with self._lock, self._translated():
            db = self._open()
            self._require_same_file()
            self._begin(db, patience_s)
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

    def _begin(self, db: sqlite3.Connection, patience_s: float | None) -> None:
        if patience_s is not None:
            _set_patience(db, patience_s)
        try:
            db.execute("BEGIN IMMEDIATE")
        finally:
            if patience_s is not None:
                _set_patience(db, self._busy_timeout_s)

    def _require_same_file(self) -> None:
        """Refuse a file that somebody removed or replaced: what is written there nobody reads."""
        if self.path != _MEMORY and file_id(self.path) != self.file_id:
            self.close()
            raise StoreLostError(f"The store {self.path!r} was removed or replaced while in use.")

    def _connect(self) -> sqlite3.Connection:
        self.is_read_only = False
        db = self._connect_to_read() if _is_barred(self.path) else self._connect_as_allowed()
        self.file_id = file_id(self.path)
        return db

    def _connect_as_allowed(self) -> sqlite3.Connection:
        try:
            return self._prepared(self._connect_to_write())
        except (sqlite3.OperationalError, OSError) as error:
            if not _is_read_only(error) or not os.path.isfile(self.path):
                raise
            return self._connect_to_read()

    def _connect_to_write(self) -> sqlite3.Connection:
        if self.path != _MEMORY:
            _make_private(Path(self.path))
        return self._sqlite(self.path)

    def _connect_to_read(self) -> sqlite3.Connection:
        """Open a file in a directory that cannot be written to.

        Where no WAL index is left, SQLite must be told that nobody else writes (section 6 of
        https://www.sqlite.org/wal.html).
        """
        self.is_read_only = True
        address = f"{Path(self.path).as_uri()}?mode=ro"
        if not Path(f"{self.path}-shm").exists():
            address += "&immutable=1"
        db = self._sqlite(address)
        try:
            migrate(db, self.path)
        except BaseException:
            db.close()
            raise
        return db

    def _sqlite(self, address: str) -> sqlite3.Connection:
        db = sqlite3.connect(
            address,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=64,
            uri=address.startswith("file:"),
        )
        db.row_factory = sqlite3.Row
        register(db)
        return db

    def _prepared(self, db: sqlite3.Connection) -> sqlite3.Connection:
        try:
            if not db.execute("PRAGMA page_count").fetchone()[0]:
                # Only a new file takes these; in an old one the second would wait for writers.
                db.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
                db.execute("PRAGMA auto_vacuum = INCREMENTAL")
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
            _set_patience(db, self._busy_timeout_s)
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
            kind = _ERRORS.get(_code(error), StoreError)
            raise kind(f"The store {self.path!r} cannot be used: {error}.") from error
        except OSError as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"The store {self.path!r} cannot be used: {error}.") from error


_orphans: list[sqlite3.Connection | None] = []
"""Connections of a parent process, kept from being closed by the garbage collector."""


def _set_patience(db: sqlite3.Connection, seconds: float) -> None:
    db.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")


def _code(error: sqlite3.Error) -> int:
    """Return the primary result code; errors of the module itself have none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _is_barred(path: str) -> bool:
    """Tell whether a file is there that cannot be written.

    SQLite opens such a file where its WAL was left behind, and fails at the first write.
    """
    return os.path.isfile(path) and not os.access(path, os.W_OK)


def _is_read_only(error: Exception) -> bool:
    """Tell whether a file could not be opened because it, or its directory, cannot be written."""
    if isinstance(error, sqlite3.Error):
        return _code(error) in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
    return isinstance(error, OSError) and error.errno in (errno.EROFS, errno.EACCES)


def _switch_to_wal(db: sqlite3.Connection) -> str:
    """Switch the journal mode; returns the mode that it is in then.

    While another process does the same, SQLite answers "locked" at once, whatever the busy timeout
    (https://www.sqlite.org/c3ref/busy_handler.html).
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_S
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
