"""The file `state.db`: one connection per process and path, and the tables in it.

It is apart from the record of what happened: it works at level `off`, and retention of traces does
not touch it.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from agentglass.errors import StoreError, StoreVersionError
from agentglass.plugins import load_object
from agentglass.store.home import STATE_NAME, resolve_home

__all__ = ["StateDb", "state_db_path"]

_BUSY_TIMEOUT_S = 30.0

_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE runs (
        run_id TEXT PRIMARY KEY, workflow TEXT NOT NULL, file TEXT NOT NULL, digest TEXT NOT NULL,
        status TEXT NOT NULL, settings TEXT NOT NULL, inputs BLOB NOT NULL,
        questions TEXT NOT NULL DEFAULT '[]', answers TEXT NOT NULL DEFAULT '{}',
        failures TEXT NOT NULL DEFAULT '[]', trace_id TEXT, root_span_id TEXT,
        created_at REAL NOT NULL, updated_at REAL NOT NULL
    );
    CREATE TABLE ledger (
        key TEXT PRIMARY KEY, node_id TEXT NOT NULL, run_id TEXT NOT NULL, is_done INTEGER NOT NULL,
        kind TEXT, value BLOB, at REAL NOT NULL
    );
    CREATE INDEX ledger_runs ON ledger (run_id);
    CREATE TABLE node_cache (
        key TEXT PRIMARY KEY, node_id TEXT NOT NULL, kind TEXT NOT NULL, value BLOB NOT NULL,
        expires_at REAL NOT NULL
    );
    CREATE INDEX node_cache_expiry ON node_cache (expires_at);
    """,
)
"""Each brings the file from one version to the next."""


def state_db_path(home: str | Path | None = None) -> Path:
    """Return where `state.db` is."""
    return resolve_home(home) / STATE_NAME


class StateDb:
    """An open `state.db`; its methods may be called from any thread.

    Raises:
        StoreError: The file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise _store_error(path, error) from error

    @cached_property
    def _serializer(self) -> Any:
        """LangGraph's; loaded with the first value, because it takes a second."""
        return load_object(
            "langgraph.checkpoint.serde.jsonplus:JsonPlusSerializer", feature="state.db"
        )()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the connection to a block whose changes are kept together, or not at all.

        Raises:
            StoreError: The file cannot be read or written.
        """
        try:
            with self._lock:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                except BaseException:
                    self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise _store_error(self.path, error) from error

    def pack(self, value: Any) -> tuple[str, bytes]:
        """Return a value as its kind and bytes; the reverse of `unpack`.

        Raises:
            TypeError: A value of that type cannot be kept.
        """
        try:
            packed: tuple[str, bytes] = self._serializer.dumps_typed(value)
        except Exception as error:
            kind = type(value).__name__
            raise TypeError(f"a value of type {kind!r} cannot be kept: {error}") from error
        return packed

    def unpack(self, kind: str, data: bytes) -> Any:
        """Return the value that `pack` took."""
        return self._serializer.loads_typed((kind, data))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        # What is deleted is gone from the file, too.
        self._connection.execute("PRAGMA secure_delete = ON")
        # What was promised to somebody survives power loss too.
        self._connection.execute("PRAGMA synchronous = FULL")
        with self.transaction() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > len(_MIGRATIONS):
                raise StoreVersionError(str(self.path), version, len(_MIGRATIONS))
            for number, migration in enumerate(_MIGRATIONS[version:], version + 1):
                for statement in migration.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")


def _store_error(path: Path, error: Exception) -> StoreError:
    return StoreError(
        f"{str(path)!r} cannot be used: {error}. It keeps what runs need to go on. Give it a "
        "writable place with AGENTGLASS_HOME."
    )
