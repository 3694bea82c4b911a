"""The index of words: one FTS5 table a month, filled behind the commits, dropped whole.

A row of the index carries the `seq` of its span. Every write of a span gives it a new one, so that
an entry of a span that was written again or deleted matches nothing any more.
"""

import re
import sqlite3
from datetime import UTC, datetime

from agentglass.store.bodies import SELECT_SPANS
from agentglass.store.counters import read_counter, set_counter

__all__ = ["behind", "drop_old_months", "index_some", "is_behind", "months", "plain", "spread"]

_INDEXED = "indexed_seq"
"""The counter up to which spans are indexed; seqs are given in the order of commits."""

_MAX_CHARACTERS = 100_000
"""Of each input and output; what is behind is not found."""
_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    "\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, Japanese, Chinese and Korean."""
_ESCAPE = re.compile(r"\\(?:u[0-9a-f]{4}|.)")
"""Of JSON: the `n` of a `\\n` is no part of the next word."""


def months(db: sqlite3.Connection) -> list[str]:
    """Return the tables of the index, latest first."""
    rows = db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        " AND name GLOB 'fts_[0-9][0-9][0-9][0-9][0-9][0-9]' ORDER BY name DESC"
    ).fetchall()
    return [row["name"] for row in rows]


def behind(db: sqlite3.Connection) -> int:
    """Return how many ended spans are not indexed yet."""
    row = db.execute(
        "SELECT count(*) FROM spans WHERE seq > ? AND end_ns IS NOT NULL",
        (read_counter(db, _INDEXED),),
    ).fetchone()
    return int(row[0])


def is_behind(db: sqlite3.Connection) -> bool:
    """Tell whether there is anything to look at."""
    seq = read_counter(db, _INDEXED)
    return db.execute("SELECT 1 FROM spans WHERE seq > ? LIMIT 1", (seq,)).fetchone() is not None


def index_some(db: sqlite3.Connection, limit: int) -> int:
    """Index the next spans, in a write transaction; returns how many were looked at."""
    rows = db.execute(
        f"{SELECT_SPANS} WHERE seq > ? ORDER BY seq LIMIT ?", (read_counter(db, _INDEXED), limit)
    ).fetchall()
    entries: dict[str, list[tuple[int, str | None, str | None, str | None, str | None]]] = {}
    for row in rows:
        if row["end_ns"] is not None:
            entries.setdefault(_table(row["start_ns"]), []).append(_entry(row))
    for table, added in entries.items():
        db.execute(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {table} USING fts5"
            "(name, input, output, error, content = '', columnsize = 0)"
        )
        db.executemany(
            f"INSERT INTO {table} (rowid, name, input, output, error) VALUES (?, ?, ?, ?, ?)", added
        )
    if rows:
        set_counter(db, _INDEXED, rows[-1]["seq"])
    return len(rows)


def drop_old_months(db: sqlite3.Connection) -> int:
    """Drop the months before the earliest run, in a write transaction; returns how many."""
    (earliest_ns,) = db.execute("SELECT min(start_ns) FROM traces").fetchone()
    old = [name for name in months(db) if earliest_ns is None or name < _table(earliest_ns)]
    for name in old:
        db.execute(f"DROP TABLE {name}")
    return len(old)


def plain(text: str | None) -> str | None:
    """Return the words of a JSON text."""
    return text and _ESCAPE.sub(" ", text[:_MAX_CHARACTERS])


def spread(text: str | None) -> str | None:
    """Return a text in which each character of a script without spaces is a word of its own."""
    return text if not text or text.isascii() else _WITHOUT_SPACES.sub(r" \g<0> ", text)


def _table(start_ns: int) -> str:
    return datetime.fromtimestamp(start_ns // 10**9, UTC).strftime("fts_%Y%m")


def _entry(row: sqlite3.Row) -> tuple[int, str | None, str | None, str | None, str | None]:
    error = f"{row['error_type']}: {row['error_message']}" if row["error_type"] else None
    texts = (row["name"], plain(row["input"]), plain(row["output"]), error)
    name, given, output, error = map(spread, texts)
    return row["seq"], name, given, output, error
