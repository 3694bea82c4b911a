"""The outbox of a sink: which traces it has yet to get, and who is sending them just now.

A row of `deliveries` says up to which seq a sink wants a trace and up to which it has it. Rows are
written with the spans, by the process that records them, for its own sinks alone.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence

from agentglass.spans import SUSPECT_ATTEMPTS, Claim, SinkAddress, Span
from agentglass.store import processes
from agentglass.store.connection import Connection

__all__ = ["PENDING", "QUIET_S", "SQLiteOutbox", "enter_sinks", "want"]

QUIET_S = 5.0
"""A run is sent when its root ends, or when so long nothing was stored of it."""
LEASE_S = 120.0
"""How long a trace is left to a sender that is not heard of."""
PENDING = "sent_seq < wanted_seq AND dead_reason IS NULL"
"""What is true of a delivery that is still to be made; an index has the same condition."""
_SECOND_NS = 10**9
_IS_FREE = (
    "(lease_until IS NULL OR lease_until <= :now"
    " OR lease_owner IN (SELECT id FROM processes WHERE ended_ns IS NOT NULL))"
)


def enter_sinks(db: sqlite3.Connection, addresses: Iterable[SinkAddress]) -> tuple[int, ...]:
    """Return the numbers of sinks, entering those that are new."""
    return tuple(_enter(db, address) for address in addresses)


def _enter(db: sqlite3.Connection, address: SinkAddress) -> int:
    options = None if address.options is None else dict(address.options)
    row = db.execute(
        "INSERT INTO sinks (kind, target, config_hash, options) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (kind, target, config_hash) DO UPDATE SET options = excluded.options"
        " RETURNING id",
        (address.kind, address.target, address.account, json.dumps(options)),
    ).fetchone()
    return int(row[0])


def want(
    db: sqlite3.Connection, sinks: Sequence[int], spans: Sequence[Span], first_seq: int, now_ns: int
) -> None:
    """Queue the traces of spans that are being written.

    A trace whose local root has ended is due at once, any other when nothing follows for a while.
    """
    seqs: dict[str, int] = {}
    due_ns: dict[str, int] = {}
    for seq, span in enumerate(spans, first_seq):
        has_ended = span.trace is not None and span.end_ns is not None
        seqs[span.trace_id] = seq
        later_ns = due_ns.get(span.trace_id, now_ns + round(QUIET_S * _SECOND_NS))
        due_ns[span.trace_id] = now_ns if has_ended else later_ns
    db.executemany(
        "INSERT INTO deliveries (sink_id, trace_id, wanted_seq, next_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (sink_id, trace_id) DO UPDATE SET wanted_seq = excluded.wanted_seq,"
        " next_at = iif(attempts > 0, next_at, excluded.next_at)",
        [
            (sink, trace_id, seq, due_ns[trace_id])
            for sink in sinks
            for trace_id, seq in seqs.items()
        ],
    )


class SQLiteOutbox:
    """An `Outbox` in the store.

    Args:
        connection: To the store.
        address: Whose outbox it is.
        now_ns: Source of unix time in nanoseconds.
    """

    def __init__(
        self, connection: Connection, address: SinkAddress, now_ns: Callable[[], int]
    ) -> None:
        self._connection = connection
        self._address = address
        self._now_ns = now_ns
        self._owner = processes.ProcessIdentity()
        self._is_registered = False
        self._sink_id: int | None = None

    def claim(self, max_traces: int, max_spans: int) -> list[Claim]:
        """Take some of the traces that are due, those that waited longest first."""
        now_ns = self._now_ns()
        if not self._find_due(1, now_ns):
            return []
        with self._connection.writing() as db:
            self._register(db, now_ns)
            rows = _first_batch(self._find_due(max_traces, now_ns), max_spans)
            claims = [
                Claim(row["trace_id"], row["sent_seq"], row["wanted_seq"], row["attempts"])
                for row in rows
            ]
            self._lease(db, claims, now_ns)
        return claims

    def hold(self, claims: Sequence[Claim]) -> None:
        """Say that these are still being worked on."""
        now_ns = self._now_ns()
        with self._connection.writing() as db:
            self._register(db, now_ns)
            self._lease(db, claims, now_ns)

    def confirm(self, claims: Sequence[Claim]) -> int:
        """Note that the sink has these; returns how many ended spans were news to it."""
        with self._connection.writing() as db:
            news: int = sum(
                db.execute(
                    "SELECT count(*) FROM spans WHERE trace_id = ? AND seq > ? AND seq <= ?"
                    " AND end_ns IS NOT NULL",
                    (claim.trace_id, claim.sent_seq, claim.wanted_seq),
                ).fetchone()[0]
                for claim in claims
            )
            # It is true whoever holds the trace by now.
            db.executemany(
                "UPDATE deliveries SET sent_seq = max(sent_seq, ?), attempts = 0,"
                " lease_owner = NULL, lease_until = NULL WHERE sink_id = ? AND trace_id = ?",
                [(claim.wanted_seq, self._sink_id, claim.trace_id) for claim in claims],
            )
        return news

    def put_off(self, claims: Sequence[Claim], wait_s: float, reason: str) -> None:
        """Give these back for later, one failure richer."""
        now_ns = self._now_ns()
        self._give_back(
            claims,
            "attempts = attempts + 1, next_at = :next_at",
            {"next_at": now_ns + round(wait_s * _SECOND_NS)},
            reason,
        )

    def bury(self, claims: Sequence[Claim], reason: str) -> None:
        """Note that the sink will never take these: dead letters."""
        self._give_back(
            claims, "attempts = attempts + 1, dead_reason = :reason", {"reason": reason}, reason
        )

    def make_due(self, *, retries: bool) -> None:
        """Let nothing wait any longer: not for more of its run, nor, with `retries`, to be retried."""
        with self._connection.writing() as db:
            db.execute(
                f"UPDATE deliveries SET next_at = 0 WHERE sink_id = ? AND {PENDING}"
                " AND next_at > ? AND (attempts = 0 OR ?)",
                (self._find_sink(db), self._now_ns(), retries),
            )

    def next_due_s(self) -> float | None:
        """Return in how many seconds something is due; None when nothing waits."""
        with self._connection.reading() as db:
            due_ns = db.execute(
                "SELECT min(max(next_at, coalesce(lease_until, 0))) FROM deliveries"
                f" WHERE sink_id = ? AND {PENDING}",
                (self._find_sink(db),),
            ).fetchone()[0]
        return None if due_ns is None else max(0.0, (due_ns - self._now_ns()) / _SECOND_NS)

    def release(self) -> None:
        """Say that this sender claims nothing more."""
        if self._is_registered:
            with self._connection.writing() as db:
                processes.release(db, self._owner.id, self._now_ns(), 0)
            self._is_registered = False

    # -- inside --------------------------------------------------------------------------------

    def _register(self, db: sqlite3.Connection, now_ns: int) -> None:
        """Say that this sender lives: what a dead one holds is free for others."""
        processes.register(db, self._owner, now_ns)
        self._is_registered = True

    def _find_sink(self, db: sqlite3.Connection) -> int | None:
        if self._sink_id is None:
            row = db.execute(
                "SELECT id FROM sinks WHERE kind = ? AND target = ? AND config_hash = ?",
                (self._address.kind, self._address.target, self._address.account),
            ).fetchone()
            self._sink_id = None if row is None else row["id"]
        return self._sink_id

    def _find_due(self, limit: int, now_ns: int) -> list[sqlite3.Row]:
        with self._connection.reading() as db:
            return db.execute(
                "SELECT trace_id, sent_seq, wanted_seq, attempts, (SELECT span_count FROM traces"
                " WHERE traces.trace_id = deliveries.trace_id) AS spans FROM deliveries"
                f" WHERE sink_id = :sink AND {PENDING} AND next_at <= :now AND {_IS_FREE}"
                " ORDER BY next_at, trace_id LIMIT :limit",
                {"sink": self._find_sink(db), "now": now_ns, "limit": limit},
            ).fetchall()

    def _lease(self, db: sqlite3.Connection, claims: Sequence[Claim], now_ns: int) -> None:
        until_ns = now_ns + round(LEASE_S * _SECOND_NS)
        db.executemany(
            "UPDATE deliveries SET lease_owner = ?, lease_until = ?"
            " WHERE sink_id = ? AND trace_id = ?",
            [(self._owner.id, until_ns, self._sink_id, claim.trace_id) for claim in claims],
        )

    def _give_back(
        self, claims: Sequence[Claim], change: str, values: Mapping[str, object], reason: str
    ) -> None:
        with self._connection.writing() as db:
            db.executemany(
                f"UPDATE deliveries SET {change}, lease_owner = NULL, lease_until = NULL"
                " WHERE sink_id = :sink AND trace_id = :trace AND lease_owner = :owner",
                [
                    {
                        **values,
                        "sink": self._sink_id,
                        "trace": claim.trace_id,
                        "owner": self._owner.id,
                    }
                    for claim in claims
                ],
            )
            db.execute(
                "UPDATE sinks SET last_error = ?, last_error_ns = ? WHERE id = ?",
                (reason, self._now_ns(), self._sink_id),
            )


def _first_batch(rows: Sequence[sqlite3.Row], max_spans: int) -> list[sqlite3.Row]:
    """Return the first rows that may go together, at least one."""
    if rows and rows[0]["attempts"] >= SUSPECT_ATTEMPTS:
        return [rows[0]]
    batch: list[sqlite3.Row] = []
    spans = 0
    for row in rows:
        spans += row["spans"] or 1
        if batch and spans > max_spans:
            break
        if row["attempts"] < SUSPECT_ATTEMPTS:
            batch.append(row)
    return batch
