"""The store: one SQLite file in WAL mode, written and read by many processes at once."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from agentglass.spans import Gap, Page, Resource, Span, Totals, Trace, TraceFilter, roll_up
from agentglass.store import processes, write
from agentglass.store.connection import Connection
from agentglass.store.query import cursor_from, cursor_to, where
from agentglass.store.rows import (
    SPAN_COLUMNS,
    add_totals,
    decode_json,
    encode_json,
    span_from_row,
    summary,
    totals_from_row,
)

__all__ = ["SQLiteStore"]

_READ_CHUNK = 200
_LIGHT_COLUMNS = ", ".join(
    f"NULL AS {name}" if name in {"input", "output", "events", "links"} else name
    for name in SPAN_COLUMNS
)
_RENEW_NS = 10 * 10**9
_LOOK_NS = 10**9
"""How often a reader looks for dead processes."""


class SQLiteStore:
    """A `TraceStore` in one file.

    Args:
        path: The file; made with its directory when it is missing. `:memory:` keeps nothing.
        now_ns: Source of unix time in nanoseconds, for leases.
    """

    def __init__(self, path: str | Path, *, now_ns: Callable[[], int] = time.time_ns) -> None:
        self.path = str(path)
        self._connection = Connection(path)
        self._now_ns = now_ns
        self._process = processes.ProcessIdentity()
        self._is_registered = False
        self._renewed_ns = 0
        self._looked_ns = 0

    def check(self) -> None:
        """Open the file now.

        Raises:
            StoreError: It cannot be opened.
            StoreVersionError: A newer agentglass wrote it.
        """
        with self._connection.reading() as db:
            db.execute("SELECT count(*) FROM counters").fetchone()

    # -- writing -------------------------------------------------------------------------------

    def write(self, spans: Iterable[Span], gaps: Iterable[Gap] = ()) -> int:
        """Upsert spans and add gap records in one transaction.

        Returns:
            The highest seq that was given.

        Raises:
            StoreError: Nothing was written.
        """
        batch = list(spans)
        with self._connection.writing() as db:
            self._register(db)
            first = write.next_seq(db, len(batch))
            numbers = self._number_resources(db, batch)
            write.upsert_spans(db, batch, first, self._process.id, numbers)
            write.upsert_traces(db, batch, first, self._process.id)
            write.add_gaps(db, gaps, self._process.id)
        self._is_registered = True
        return first + len(batch) - 1

    def roll_up(self, trace_ids: Iterable[str]) -> None:
        """Add up traces again; done when a root ends, and on reading for the others."""
        for trace_id in trace_ids:
            with self._connection.reading() as db:
                row = db.execute(
                    "SELECT seq FROM traces WHERE trace_id = ? AND dirty = 1", (trace_id,)
                ).fetchone()
                totals = roll_up(self._light_spans(db, trace_id)) if row else None
            if totals is not None:
                with self._connection.writing() as db:
                    _store_totals(db, trace_id, row["seq"], totals)

    def delete(self, trace_ids: Iterable[str]) -> int:
        """Delete whole traces and all that belongs to them; returns how many there were."""
        count = 0
        with self._connection.writing() as db:
            for trace_id in trace_ids:
                for table in ("spans", "gaps", "deliveries"):
                    db.execute(f"DELETE FROM {table} WHERE trace_id = ?", (trace_id,))
                count += db.execute("DELETE FROM traces WHERE trace_id = ?", (trace_id,)).rowcount
        return count

    def renew_lease(self) -> None:
        """Say that this process is alive; cheap when it was said a moment ago."""
        now_ns = self._now_ns()
        if not self._is_registered or now_ns - self._renewed_ns < _RENEW_NS:
            return
        with self._connection.writing() as db:
            processes.renew(db, self._process.id, now_ns)
        self._renewed_ns = now_ns

    def release_lease(self) -> None:
        """Say that this process records nothing more; spans it left open end as `ProcessDied`."""
        if self._is_registered:
            with self._connection.writing() as db:
                first = write.next_seq(db, 1)
                ended = processes.release(db, self._process.id, self._now_ns(), first)
                write.next_seq(db, ended)
            self._is_registered = False

    # -- reading -------------------------------------------------------------------------------

    def get_trace(self, trace_id: str) -> Trace | None:
        """Return one trace, its spans not read yet; None when there is none."""
        self._bury_dead()
        self.roll_up([trace_id])
        with self._connection.reading() as db:
            row = db.execute("SELECT * FROM traces WHERE trace_id = ?", (trace_id,)).fetchone()
            gaps = db.execute(
                "SELECT trace_id, process_id, time_ns, count, reason FROM gaps"
                " WHERE trace_id = ? ORDER BY id",
                (trace_id,),
            ).fetchall()
        if row is None:
            return None
        lost = tuple(Gap(*gap) for gap in gaps)
        return Trace(summary(row), lambda: self._iter_spans(trace_id), lost)

    def find(
        self, query: TraceFilter | None = None, *, limit: int = 50, cursor: str | None = None
    ) -> Page:
        """Return traces, latest first.

        Raises:
            OptionError: The cursor is not one that a page gave.
        """
        self._refresh()
        conditions, values = where(query)
        if cursor is not None:
            conditions.append("(start_ns, trace_id) < (?, ?)")
            values += cursor_from(cursor)
        clause = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        with self._connection.reading() as db:
            rows = db.execute(
                f"SELECT * FROM traces{clause} ORDER BY start_ns DESC, trace_id DESC LIMIT ?",
                (*values, limit + 1),
            ).fetchall()
        found = [summary(row) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(found, cursor_to(found[-1].start_ns, found[-1].trace_id) if more else None)

    def totals(self, query: TraceFilter | None = None) -> Totals:
        """Return sums over the traces that match."""
        self._refresh()
        conditions, values = where(query)
        clause = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        with self._connection.reading() as db:
            rows = db.execute(f"SELECT * FROM traces{clause}", values).fetchall()
        return add_totals(totals_from_row(row) for row in rows)

    def stats(self) -> Mapping[str, int]:
        """Return counts: traces, spans, gaps, bytes on disk, version of the schema."""
        with self._connection.reading() as db:
            traces, spans, gaps = db.execute(
                "SELECT (SELECT count(*) FROM traces), (SELECT count(*) FROM spans),"
                " (SELECT coalesce(sum(count), 0) FROM gaps)"
            ).fetchone()
            version = db.execute("PRAGMA user_version").fetchone()[0]
        files = [self.path, f"{self.path}-wal", f"{self.path}-shm"]
        size = sum(os.path.getsize(file) for file in files if os.path.exists(file))
        return {
            "traces": traces,
            "spans": spans,
            "lost_spans": gaps,
            "size_bytes": size,
            "version": version,
        }

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    # -- inside --------------------------------------------------------------------------------

    def _register(self, db: sqlite3.Connection) -> None:
        if self._process.pid != os.getpid():
            self._process = processes.ProcessIdentity()
            self._is_registered = False
        if not self._is_registered:
            self._renewed_ns = self._now_ns()
            processes.register(db, self._process, self._renewed_ns)

    def _number_resources(self, db: sqlite3.Connection, batch: Sequence[Span]) -> dict[int, int]:
        numbers: dict[int, int] = {}
        for span in batch:
            resource = span.resource
            if resource is None or id(resource) in numbers:
                continue
            numbers[id(resource)] = write.resource_id(db, resource)
        return numbers

    def _refresh(self) -> None:
        self._bury_dead()
        with self._connection.reading() as db:
            dirty = db.execute("SELECT trace_id FROM traces WHERE dirty = 1").fetchall()
        self.roll_up(row["trace_id"] for row in dirty)

    def _bury_dead(self) -> None:
        now_ns = self._now_ns()
        if now_ns - self._looked_ns < _LOOK_NS:
            return
        self._looked_ns = now_ns
        with self._connection.reading() as db:
            if not processes.has_dead_suspects(db, self._process, now_ns):
                return
        with self._connection.writing() as db:
            first = write.next_seq(db, 1)
            ended = processes.bury_dead(db, self._process, now_ns, first)
            write.next_seq(db, ended)

    def _light_spans(self, db: sqlite3.Connection, trace_id: str) -> list[Span]:
        """Read what a roll-up needs, and no contents."""
        rows = db.execute(
            f"SELECT {_LIGHT_COLUMNS} FROM spans WHERE trace_id = ?", (trace_id,)
        ).fetchall()
        return [span_from_row(row, {}) for row in rows]

    def _iter_spans(self, trace_id: str) -> Iterator[Span]:
        with self._connection.reading() as db:
            ids = [
                row["id"]
                for row in db.execute(
                    "SELECT id FROM spans WHERE trace_id = ? ORDER BY start_ns, seq", (trace_id,)
                )
            ]
            resources = self._read_resources(db)
        for start in range(0, len(ids), _READ_CHUNK):
            chunk = ids[start : start + _READ_CHUNK]
            marks = ", ".join("?" * len(chunk))
            with self._connection.reading() as db:
                rows = db.execute(f"SELECT * FROM spans WHERE id IN ({marks})", chunk).fetchall()
            by_id = {row["id"]: row for row in rows}
            for number in chunk:
                if number in by_id:
                    yield span_from_row(by_id[number], resources)

    def _read_resources(self, db: sqlite3.Connection) -> dict[int, Resource]:
        rows = db.execute("SELECT id, service, attributes FROM resources").fetchall()
        return {row["id"]: Resource(row["service"], decode_json(row["attributes"])) for row in rows}


def _store_totals(db: sqlite3.Connection, trace_id: str, seq: int, totals: Totals) -> None:
    """Keep a roll-up; the trace stays dirty when somebody has written to it meanwhile."""
    db.execute(
        "UPDATE traces SET span_count = ?, error_count = ?, llm_calls = ?,"
        " calls_without_usage = ?, input_tokens = ?, output_tokens = ?, usage = ?,"
        " cost_pico = ?, unpriced = ?, dirty = (seq != ?) WHERE trace_id = ?",
        (
            totals.spans,
            totals.errors,
            totals.llm_calls,
            totals.calls_without_usage,
            totals.usage.input_tokens,
            totals.usage.output_tokens,
            encode_json(totals.usage.to_dict()),
            totals.cost_pico_usd,
            encode_json(list(totals.unpriced_models)),
            seq,
            trace_id,
        ),
    )
