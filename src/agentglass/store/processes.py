"""Who records: leases of processes, and what becomes of the spans of a dead one."""

import os
import sqlite3
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from agentglass.spans import SpanType, Status

__all__ = ["LEASE_NS", "ProcessIdentity", "bury_dead", "register", "release", "renew"]

LEASE_NS = 60 * 10**9
"""How long a process that is not heard of counts as alive where it cannot be looked at."""


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """What tells one process from every other: a pid alone is used again."""

    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    boot_id: str = field(default_factory=lambda: _read("/proc/sys/kernel/random/boot_id"))
    pid_namespace: str = field(default_factory=lambda: _link("/proc/self/ns/pid"))
    pid: int = field(default_factory=os.getpid)
    started: str = field(default_factory=lambda: _start_time(os.getpid()))
    host: str = field(default_factory=lambda: os.uname().nodename)


def register(db: sqlite3.Connection, process: ProcessIdentity, now_ns: int) -> None:
    """Enter a process with a fresh lease."""
    db.execute(
        "INSERT INTO processes (id, boot_id, pid_namespace, pid, started, host,"
        " registered_ns, renewed_ns, lease_until_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET renewed_ns = excluded.renewed_ns,"
        " lease_until_ns = excluded.lease_until_ns, ended_ns = NULL",
        (
            process.id,
            process.boot_id,
            process.pid_namespace,
            process.pid,
            process.started,
            process.host,
            now_ns,
            now_ns,
            now_ns + LEASE_NS,
        ),
    )


def renew(db: sqlite3.Connection, process_id: str, now_ns: int) -> None:
    """Say that a process is alive."""
    db.execute(
        "UPDATE processes SET renewed_ns = ?, lease_until_ns = ? WHERE id = ?",
        (now_ns, now_ns + LEASE_NS, process_id),
    )


def release(db: sqlite3.Connection, process_id: str, now_ns: int, next_seq: int) -> int:
    """Say that a process has ended in order; what it left open ends as of a dead one."""
    db.execute(
        "UPDATE processes SET ended_ns = ?, renewed_ns = ? WHERE id = ?",
        (now_ns, now_ns, process_id),
    )
    row = db.execute("SELECT * FROM processes WHERE id = ?", (process_id,)).fetchone()
    return 0 if row is None else _end_spans(db, row, next_seq, "ended")


def bury_dead(db: sqlite3.Connection, here: ProcessIdentity, now_ns: int, next_seq: int) -> int:
    """End the open spans of processes that are dead as `error {ProcessDied}`.

    Must run inside a write transaction. Returns how many spans were ended; each takes a seq from
    `next_seq` on.
    """
    ended = 0
    rows = db.execute("SELECT * FROM processes WHERE ended_ns IS NULL AND id != ?", (here.id,))
    for row in rows.fetchall():
        if not _is_dead(row, here, now_ns):
            continue
        db.execute("UPDATE processes SET ended_ns = ? WHERE id = ?", (row["renewed_ns"], row["id"]))
        ended += _end_spans(db, row, next_seq + ended, "died")
    return ended


def has_dead_suspects(db: sqlite3.Connection, here: ProcessIdentity, now_ns: int) -> bool:
    """Tell whether there is anything to bury, without a write transaction."""
    rows = db.execute("SELECT * FROM processes WHERE ended_ns IS NULL AND id != ?", (here.id,))
    return any(_is_dead(row, here, now_ns) for row in rows.fetchall())


def _end_spans(db: sqlite3.Connection, process: sqlite3.Row, seq: int, how: str) -> int:
    message = f"Process {process['pid']} on {process['host']} {how} while this span was open."
    open_spans = db.execute(
        "SELECT id, trace_id, parent_id, type, start_ns FROM spans"
        " WHERE process_id = ? AND end_ns IS NULL AND type != 'interrupt'",
        (process["id"],),
    ).fetchall()
    for offset, span in enumerate(open_spans):
        end_ns = max(span["start_ns"], process["renewed_ns"])
        db.execute(
            "UPDATE spans SET end_ns = ?, status = ?, error_type = 'ProcessDied',"
            " error_message = ?, seq = ? WHERE id = ?",
            (end_ns, str(Status.ERROR), message, seq + offset, span["id"]),
        )
        db.execute(
            "UPDATE traces SET dirty = 1, seq = ? WHERE trace_id = ?",
            (seq + offset, span["trace_id"]),
        )
        db.execute(
            "UPDATE deliveries SET wanted_seq = ? WHERE trace_id = ?",
            (seq + offset, span["trace_id"]),
        )
        speaks_for_it = span["parent_id"] is None or span["type"] == SpanType.SEGMENT
        db.execute(
            "UPDATE traces SET status = ?, end_ns = ?"
            " WHERE trace_id = ? AND end_ns IS NULL AND (? OR root_span_id IS NULL)",
            (str(Status.ERROR), end_ns, span["trace_id"], speaks_for_it),
        )
    return len(open_spans)


def _is_dead(row: sqlite3.Row, here: ProcessIdentity, now_ns: int) -> bool:
    """Decide by looking where one can look, and by the lease where one cannot."""
    same_machine = bool(here.boot_id) and row["boot_id"] == here.boot_id
    if same_machine and row["pid_namespace"] == here.pid_namespace and row["started"]:
        return bool(_start_time(row["pid"]) != row["started"])
    return bool(row["lease_until_ns"] < now_ns)


def _start_time(pid: int) -> str:
    """Return the start of a process in clock ticks since boot; empty when there is none."""
    stat = _read(f"/proc/{pid}/stat")
    # The second field is the command in parentheses and may contain anything.
    fields = stat.rpartition(")")[2].split()
    is_zombie = bool(fields) and fields[0] in ("Z", "X")
    return "" if len(fields) < 20 or is_zombie else fields[19]


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""
