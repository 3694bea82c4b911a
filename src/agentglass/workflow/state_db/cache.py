"""Results of nodes that are used again."""

import time
from typing import Any

from agentglass.workflow.state_db.connection import StateDb

__all__ = ["NodeCache"]


class NodeCache:
    """The cached results of one `state.db`."""

    def __init__(self, db: StateDb) -> None:
        self._db = db

    def get(self, key: str) -> tuple[Any] | None:
        """Return a result that is still good, in a tuple; None when there is none."""
        with self._db.transaction() as connection:
            row = connection.execute(
                "SELECT kind, value FROM node_cache WHERE key = ? AND expires_at > ?",
                (key, time.time()),
            ).fetchone()
        return None if row is None else (self._db.unpack(*row),)

    def put(self, key: str, node_id: str, value: Any, ttl_s: float) -> None:
        """Keep a result, and drop those that are no longer good."""
        kind, data = self._db.pack(value)
        now = time.time()
        with self._db.transaction() as connection:
            connection.execute("DELETE FROM node_cache WHERE expires_at <= ?", (now,))
            connection.execute(
                "INSERT OR REPLACE INTO node_cache (key, node_id, kind, value, expires_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (key, node_id, kind, data, now + ttl_s),
            )
