"""Work that must not be done twice: what was begun, and what came of it."""

import time
from dataclasses import dataclass
from typing import Any

from agentglass.workflow.state_db.connection import StateDb

__all__ = ["Ledger", "LedgerEntry"]


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """Work that was begun before."""

    run_id: str
    is_done: bool
    """False when it was begun and nobody knows how it ended."""
    value: Any = None


class Ledger:
    """The entries of one `state.db`."""

    def __init__(self, db: StateDb) -> None:
        self._db = db

    def begin(
        self, key: str, node_id: str, run_id: str, *, again: bool = False
    ) -> LedgerEntry | None:
        """Note that work begins.

        Args:
            key: What the work is known by.
            node_id: Whose work it is.
            run_id: On whose behalf.
            again: Begin it also where nobody knows how it ended last time.

        Returns:
            None when it may be done now; otherwise what is known of the first time.
        """
        with self._db.transaction() as connection:
            row = connection.execute(
                "SELECT run_id, is_done, kind, value FROM ledger WHERE key = ?", (key,)
            ).fetchone()
            if row is not None and (row[1] or not again):
                value = self._db.unpack(row[2], row[3]) if row[1] else None
                return LedgerEntry(row[0], bool(row[1]), value)
            connection.execute(
                "INSERT OR REPLACE INTO ledger (key, node_id, run_id, is_done, at)"
                " VALUES (?, ?, ?, 0, ?)",
                (key, node_id, run_id, time.time()),
            )
        return None

    def finish(self, key: str, value: Any) -> None:
        """Note that the work is done, and what came of it."""
        kind, data = self._db.pack(value)
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE ledger SET is_done = 1, kind = ?, value = ?, at = ? WHERE key = ?",
                (kind, data, time.time(), key),
            )

    def drop_run(self, run_id: str) -> None:
        """Drop what only a run that has ended could have asked for; keys of the file's own stay."""
        with self._db.transaction() as connection:
            connection.execute(
                "DELETE FROM ledger WHERE run_id = ? AND substr(key, 1, ?) = ?",
                (run_id, len(run_id), run_id),
            )

    def forget(self, key: str) -> None:
        """Note that the work has failed, so that it may be done again."""
        with self._db.transaction() as connection:
            connection.execute("DELETE FROM ledger WHERE key = ?", (key,))
