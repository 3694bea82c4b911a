"""Large inputs and outputs: kept once under their hash, compressed, away from the rows of spans.

Triggers count how many spans refer to each, so that no way of writing or deleting spans can forget.
"""

import sqlite3
import zlib

from agentglass.redact.limits import text_digest
from agentglass.store.rows import SPAN_COLUMNS

__all__ = ["LARGE", "SELECT_SPANS", "drop_unused", "keep", "register"]

LARGE = 4096
"""Characters of JSON from which on a value is kept apart."""
_LEVEL = 1
"""The quickest: twice as fast as the usual one, and text still shrinks to a third."""

_APART = {
    name: f"coalesce({name}, inflate((SELECT data FROM bodies WHERE sha = {name}_sha))) AS {name}"
    for name in ("input", "output")
}
SELECT_SPANS = f"SELECT id, {', '.join(_APART.get(name, name) for name in SPAN_COLUMNS)} FROM spans"
"""Reads spans whole, wherever their contents are; `register` must have seen the connection."""


def register(db: sqlite3.Connection) -> None:
    """Teach a connection the function `inflate(data)`, which `SELECT_SPANS` uses."""
    db.create_function("inflate", 1, _inflate, deterministic=True)


def keep(db: sqlite3.Connection, text: str | None) -> tuple[str | None, str | None]:
    """Return what to write into the row of a span: the text, or the hash it is kept under."""
    if text is None or len(text) < LARGE:
        return text, None
    plain = text.encode("utf-8")
    sha = text_digest(text)
    if db.execute("SELECT 1 FROM bodies WHERE sha = ?", (sha,)).fetchone() is None:
        db.execute(
            "INSERT INTO bodies (sha, encoding, size_bytes, refs, data) VALUES (?, 'zlib', ?, 0, ?)",
            (sha, len(plain), zlib.compress(plain, _LEVEL)),
        )
    return None, sha


def drop_unused(db: sqlite3.Connection) -> int:
    """Delete what no span refers to: of records that lost against a later one."""
    return db.execute("DELETE FROM bodies WHERE refs = 0").rowcount


def _inflate(data: bytes | None) -> str | None:
    return None if data is None else zlib.decompress(data).decode("utf-8")
