"""What leaves the store: runs by age and size, and what nothing refers to any more."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from agentglass.spans import Gap
from agentglass.store import bodies, fulltext, histogram, write
from agentglass.store.connection import Connection

__all__ = ["Freed", "clean_up", "delete_traces", "make_room"]

_CHUNK = 50
"""Traces per transaction: others get their turn between two."""
_SLICE = 10
"""Traces that are deleted at a time while a program records."""
_VACUUM_PAGES = 500
_DAY_NS = 86_400 * 10**9
_UNSENT = (
    "EXISTS (SELECT 1 FROM deliveries AS d WHERE d.trace_id = t.trace_id"
    " AND d.sent_seq < d.wanted_seq AND d.dead_reason IS NULL)"
)
_OLDEST = (
    "SELECT t.trace_id, t.span_count FROM traces AS t WHERE t.start_ns < ? AND NOT EXISTS"
    " (SELECT 1 FROM spans AS s WHERE s.trace_id = t.trace_id AND s.end_ns IS NULL)"
    " AND {} ORDER BY t.start_ns, t.trace_id LIMIT ?"
)
_EVER = 2**63 - 1


@dataclass(slots=True)
class Freed:
    """What a clean-up took away."""

    runs: int = 0
    undelivered_runs: int = 0
    """How many of these some sink had not got yet."""
    bodies: int = 0
    """Large contents that no span referred to."""
    months: int = 0
    """Months of the index of words."""
    size_bytes: int = 0
    """By how much the file has become smaller."""


def delete_traces(db: sqlite3.Connection, trace_ids: Iterable[str]) -> int:
    """Delete whole traces and all that belongs to them, in a transaction; returns how many."""
    count = 0
    for trace_id in trace_ids:
        histogram.forget(db, trace_id)
        for table in ("spans", "gaps", "deliveries"):
            db.execute(f"DELETE FROM {table} WHERE trace_id = ?", (trace_id,))
        count += db.execute("DELETE FROM traces WHERE trace_id = ?", (trace_id,)).rowcount
    return count


def clean_up(
    connection: Connection,
    process_id: str,
    now_ns: int,
    *,
    before_ns: int | None = None,
    max_bytes: int | None = None,
) -> Freed:
    """Delete old runs, then what nothing refers to, and give the room back.

    Runs that are still open stay, and so do runs that a sink has yet to get; only when the store is
    over `max_bytes` and nothing else is left do those go too, and a gap record says so.

    Args:
        connection: To the store.
        process_id: Whose gap records these are.
        now_ns: The time.
        before_ns: Runs that started before are deleted.
        max_bytes: The oldest runs are deleted until the store holds no more than this.
    """
    freed = Freed()
    before = _size(connection)
    if before_ns is not None:
        while _delete_oldest(connection, freed, before_ns, _CHUNK):
            pass
    if max_bytes is not None:
        _shrink(connection, freed, max_bytes, process_id, now_ns)
    with connection.writing() as db:
        freed.bodies = bodies.drop_unused(db)
        freed.months += fulltext.drop_old_months(db)
        _forget_processes(db, now_ns - _DAY_NS)
    _vacuum(connection)
    freed.size_bytes = max(0, before - _size(connection))
    return freed


def make_room(connection: Connection, max_bytes: int, process_id: str, now_ns: int) -> bool:
    """Delete a few of the oldest runs where the store holds too much; False when nothing is to do.

    The room that they took is used again; the file stays as large as it is.

    Raises:
        StoreBusyError: Another program writes just now; nobody waits for it here.
    """
    return _delete_some(connection, Freed(), max_bytes, process_id, now_ns, _SLICE, 0.0)


def _delete_oldest(
    connection: Connection,
    freed: Freed,
    before_ns: int,
    limit: int,
    patience_s: float | None = None,
) -> int:
    with connection.writing(patience_s) as db:
        rows = db.execute(_OLDEST.format(f"NOT {_UNSENT}"), (before_ns, limit)).fetchall()
        count = delete_traces(db, [row["trace_id"] for row in rows])
    freed.runs += count
    return count


def _shrink(
    connection: Connection, freed: Freed, max_bytes: int, process_id: str, now_ns: int
) -> None:
    while _delete_some(connection, freed, max_bytes, process_id, now_ns, _CHUNK, None):
        pass


def _delete_some(
    connection: Connection,
    freed: Freed,
    max_bytes: int,
    process_id: str,
    now_ns: int,
    most: int,
    patience_s: float | None,
) -> bool:
    """Delete half of what seems too much, to look again then: runs are not all of one size."""
    used = _used(connection)
    if used <= max_bytes:
        return False
    with connection.reading() as db:
        (runs,) = db.execute("SELECT count(*) FROM traces").fetchone()
    step = max(1, min(most, runs * (used - max_bytes) // (2 * used)))
    count = _delete_oldest(connection, freed, _EVER, step, patience_s)
    if not count:
        count = _delete_undelivered(connection, freed, process_id, now_ns, patience_s)
    if count:
        with connection.writing(patience_s) as db:
            freed.months += fulltext.drop_old_months(db)
    return count > 0


def _delete_undelivered(
    connection: Connection,
    freed: Freed,
    process_id: str,
    now_ns: int,
    patience_s: float | None,
) -> int:
    with connection.writing(patience_s) as db:
        row = db.execute(_OLDEST.format(_UNSENT), (_EVER, 1)).fetchone()
        if row is None:
            return 0
        delete_traces(db, [row["trace_id"]])
        reason = "deleted at the disk quota before a sink had it"
        write.add_gaps(
            db, [Gap(row["trace_id"], None, now_ns, max(1, row["span_count"]), reason)], process_id
        )
    freed.runs += 1
    freed.undelivered_runs += 1
    return 1


def _forget_processes(db: sqlite3.Connection, before_ns: int) -> None:
    db.execute(
        "DELETE FROM processes WHERE ended_ns < ? AND NOT EXISTS"
        " (SELECT 1 FROM spans WHERE process_id = processes.id AND end_ns IS NULL)",
        (before_ns,),
    )


def _vacuum(connection: Connection) -> None:
    """Give free pages back to the file system, a few at a time."""
    left = -1
    with connection.reading() as db:
        while (free := _pragma(db, "freelist_count")) not in (0, left):
            left = free
            db.execute(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})").fetchall()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _size(connection: Connection) -> int:
    with connection.reading() as db:
        return _pragma(db, "page_count") * _pragma(db, "page_size")


def _used(connection: Connection) -> int:
    with connection.reading() as db:
        used = _pragma(db, "page_count") - _pragma(db, "freelist_count")
        return used * _pragma(db, "page_size")


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return int(db.execute(f"PRAGMA {name}").fetchone()[0])
