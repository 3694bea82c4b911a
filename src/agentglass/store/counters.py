"""Named numbers of a store."""

import sqlite3

__all__ = ["read_counter", "set_counter"]


def read_counter(db: sqlite3.Connection, name: str) -> int:
    """Return a number; 0 when it was never set."""
    row = db.execute("SELECT value FROM counters WHERE name = ?", (name,)).fetchone()
    return 0 if row is None else int(row[0])


def set_counter(db: sqlite3.Connection, name: str, value: int) -> None:
    """Keep a number."""
    db.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (name, value))
