"""How the sinks of a store stand: what waits, what failed, what is dead."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentglass.spans import SinkAddress
from agentglass.store.outbox import PENDING

__all__ = ["DeadLetter", "SinkState", "read_dead_letters", "read_sinks", "retry_dead"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkState:
    """One sink that some program recorded for."""

    id: int
    address: SinkAddress
    pending: int
    """Traces that it has not got, or not whole."""
    dead: int
    """Traces that it will never take."""
    sent: int
    """Traces that it has."""
    attempts: int
    """The most that a pending trace was tried in vain."""
    oldest_ns: int | None
    """When the oldest pending trace ended, or began where it has not ended."""
    last_error: str | None
    last_error_ns: int | None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A trace that a sink will never take."""

    trace_id: str
    run_id: str
    reason: str


def read_sinks(db: sqlite3.Connection) -> list[SinkState]:
    """Return every sink, in the order in which they were first used."""
    rows = db.execute("SELECT * FROM sinks ORDER BY id").fetchall()
    return [_state(row, _counts(db, row["id"])) for row in rows]


def _counts(db: sqlite3.Connection, sink_id: int) -> Mapping[str, Any]:
    found: sqlite3.Row = db.execute(
        f"SELECT count(*) FILTER (WHERE {PENDING}) AS pending,"
        " count(dead_reason) AS dead,"
        " count(*) FILTER (WHERE sent_seq >= wanted_seq AND dead_reason IS NULL) AS sent,"
        f" max(attempts) FILTER (WHERE {PENDING}) AS attempts,"
        f" min(coalesce(t.end_ns, t.start_ns)) FILTER (WHERE {PENDING}) AS oldest_ns"
        " FROM deliveries LEFT JOIN traces AS t USING (trace_id) WHERE sink_id = ?",
        (sink_id,),
    ).fetchone()
    return dict(found)


def _state(row: sqlite3.Row, counts: Mapping[str, Any]) -> SinkState:
    return SinkState(
        id=row["id"],
        address=SinkAddress(
            row["kind"], row["target"], row["config_hash"], json.loads(row["options"])
        ),
        pending=counts["pending"],
        dead=counts["dead"],
        sent=counts["sent"],
        attempts=counts["attempts"] or 0,
        oldest_ns=counts["oldest_ns"],
        last_error=row["last_error"],
        last_error_ns=row["last_error_ns"],
    )


def read_dead_letters(db: sqlite3.Connection, sink_id: int) -> list[DeadLetter]:
    """Return the traces that a sink will never take, oldest first."""
    rows = db.execute(
        "SELECT d.trace_id, coalesce(t.run_id, d.trace_id) AS run_id, d.dead_reason"
        " FROM deliveries AS d LEFT JOIN traces AS t USING (trace_id)"
        " WHERE d.sink_id = ? AND d.dead_reason IS NOT NULL ORDER BY t.start_ns",
        (sink_id,),
    ).fetchall()
    return [DeadLetter(*row) for row in rows]


def retry_dead(db: sqlite3.Connection, sink_id: int) -> int:
    """Queue the dead letters of a sink again, in a transaction; returns how many."""
    return db.execute(
        "UPDATE deliveries SET dead_reason = NULL, attempts = 0, next_at = 0"
        " WHERE sink_id = ? AND dead_reason IS NOT NULL",
        (sink_id,),
    ).rowcount
