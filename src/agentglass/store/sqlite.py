"""The store: one SQLite file in WAL mode, written and read by many processes at once."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from agentglass.errors import StoreError, StoreLostError
from agentglass.spans import (
    Gap,
    Page,
    SinkAddress,
    Span,
    Totals,
    Trace,
    TraceFilter,
    TraceSummary,
)
from agentglass.store import (
    backup,
    fulltext,
    histogram,
    outbox,
    processes,
    retention,
    rollups,
    sink_states,
    write,
)
from agentglass.store.connection import BUSY_TIMEOUT_S, Connection, FileId
from agentglass.store.follow import Follower
from agentglass.store.histogram import StepFigures
from agentglass.store.outbox import SQLiteOutbox
from agentglass.store.query import cursor_from, cursor_to, where
from agentglass.store.retention import Freed
from agentglass.store.rows import add_totals, summary
from agentglass.store.search import SearchResult, search
from agentglass.store.shares import By
from agentglass.store.sink_states import DeadLetter, SinkState
from agentglass.store.span_reader import iter_spans

__all__ = ["SQLiteStore"]

_RENEW_NS = 10 * 10**9
_LOOK_NS = 10**9
"""How often a reader looks for dead processes."""
_PATIENCE_S = 0.5
"""How long a reader waits for another program before it leaves the file as it is."""
_INDEX_SPANS = 64
"""Spans that are indexed in one transaction, which takes about 10 ms."""
_CATCH_UP_S = 2.0
"""How long a search goes on indexing what is left before it looks."""
_DELETE_TRACES = 50


class SQLiteStore:
    """A `TraceStore` in one file.

    Args:
        path: The file; made with its directory when it is missing. `:memory:` keeps nothing.
        now_ns: Source of unix time in nanoseconds, for leases.
        busy_timeout_s: How long to wait for another program that writes.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        now_ns: Callable[[], int] = time.time_ns,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> None:
        self.path = str(path)
        self._connection = Connection(path, busy_timeout_s)
        self._now_ns = now_ns
        self._process = processes.ProcessIdentity()
        self._is_registered = False
        self._sinks: dict[SinkAddress, None] = {}
        self._sink_ids: tuple[int, ...] | None = ()
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

    @property
    def file_id(self) -> FileId | None:
        """The file that is open; another one may stand at its path meanwhile."""
        return self._connection.file_id

    @property
    def is_read_only(self) -> bool:
        """Whether the file can be read and not be written; known once it is open."""
        return self._connection.is_read_only

    # -- writing -------------------------------------------------------------------------------

    def write(self, spans: Iterable[Span], gaps: Iterable[Gap] = ()) -> int:
        """Upsert spans and add gap records in one transaction.

        Returns:
            The highest seq that was given.

        Raises:
            StoreError: Nothing was written.
            StoreLostError: Nothing was written, and what was before is damaged or gone.
        """
        batch, sinks = list(spans), self._sink_ids
        try:
            with self._connection.writing() as db:
                self._register(db)
                if sinks is None:
                    sinks = outbox.enter_sinks(db, self._sinks)
                first = write.next_seq(db, len(batch))
                numbers = self._number_resources(db, batch)
                write.upsert_spans(db, batch, first, self._process.id, numbers)
                write.upsert_traces(db, batch, first, self._process.id)
                write.add_gaps(db, gaps, self._process.id)
                if sinks:
                    outbox.want(db, sinks, batch, first, self._now_ns())
        except StoreLostError:
            self._is_registered, self._sink_ids = False, None
            raise
        self._is_registered, self._sink_ids = True, sinks
        return first + len(batch) - 1

    def roll_up(self, trace_ids: Iterable[str]) -> None:
        """Add up traces again; done when a root ends, and on reading for the others."""
        self._roll_up(trace_ids, None)

    def _roll_up(self, trace_ids: Iterable[str], patience_s: float | None) -> None:
        for trace_id in trace_ids:
            rollups.keep_sums(self._connection, trace_id, patience_s)

    def tend(self, max_bytes: int | None = None) -> bool:
        """Do a small piece of the work that may wait; False when nothing is left.

        Args:
            max_bytes: Delete old runs where the store holds more; then index words.

        Raises:
            StoreBusyError: Another program writes just now; nobody waits for it here.
        """
        if max_bytes is not None and retention.make_room(
            self._connection, max_bytes, self._process.id, self._now_ns()
        ):
            return True
        with self._connection.reading() as db:
            if not fulltext.is_behind(db):
                return False
        with self._connection.writing(0.0) as db:
            return fulltext.index_some(db, _INDEX_SPANS) == _INDEX_SPANS

    def delete(self, trace_ids: Iterable[str]) -> int:
        """Delete whole traces and all that belongs to them; returns how many there were."""
        ids, count = list(trace_ids), 0
        for start in range(0, len(ids), _DELETE_TRACES):
            with self._connection.writing() as db:
                count += retention.delete_traces(db, ids[start : start + _DELETE_TRACES])
        return count

    def clean_up(self, *, before_ns: int | None = None, max_bytes: int | None = None) -> Freed:
        """Delete old runs and what nothing refers to any more, and make the file smaller.

        Runs that are open stay. Runs that a sink has yet to get stay too, unless `max_bytes` can
        only be kept without them; then a gap record says so.

        Args:
            before_ns: Runs that started before are deleted.
            max_bytes: The oldest runs are deleted until the store holds no more than this.
        """
        self.bury_dead()
        return retention.clean_up(
            self._connection,
            self._process.id,
            self._now_ns(),
            before_ns=before_ns,
            max_bytes=max_bytes,
        )

    def outbox(self, address: SinkAddress) -> SQLiteOutbox:
        """Have what this object writes from now on sent to a sink too; returns the sink's queue."""
        if address not in self._sinks:
            self._sinks[address] = None
            self._sink_ids = None
        return SQLiteOutbox(self._connection, address, self._now_ns)

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
        is_fresh = self._refresh([trace_id])
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
        return Trace(
            self._summary(row, is_fresh), lambda: iter_spans(self._connection, trace_id), lost
        )

    def find(
        self, query: TraceFilter | None = None, *, limit: int = 50, cursor: str | None = None
    ) -> Page:
        """Return traces, latest first.

        Raises:
            OptionError: The cursor is not one that a page gave.
        """
        is_fresh = self._refresh()
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
        found = [self._summary(row, is_fresh) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(found, cursor_to(found[-1].start_ns, found[-1].trace_id) if more else None)

    def follow(self) -> Follower:
        """Watch what ends from now on."""
        return Follower(self._connection)

    def totals(self, query: TraceFilter | None = None) -> Totals:
        """Return sums over the traces that match."""
        is_fresh = self._refresh()
        conditions, values = where(query)
        clause = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        with self._connection.reading() as db:
            rows = db.execute(f"SELECT * FROM traces{clause}", values).fetchall()
        return add_totals(self._summary(row, is_fresh).totals for row in rows)

    def search(self, text: str, *, limit: int = 20, since_ns: int | None = None) -> SearchResult:
        """Find spans by words of their names, inputs, outputs and errors, the latest first.

        Args:
            text: Words that must all be there; `"a phrase"`, `begin*` and `-not` work as elsewhere.
            limit: How many at most.
            since_ns: Only spans that started at or after.

        Raises:
            OptionError: There is no word to look for.
        """
        with suppress(StoreError):
            deadline = time.monotonic() + _CATCH_UP_S
            while self.tend() and time.monotonic() < deadline:
                pass
        with self._connection.reading() as db:
            return search(db, text, limit, since_ns)

    def figures(self, by: By, since_ns: int | None = None) -> list[StepFigures]:
        """Return counts, errors, durations and cost by step, workflow or model, in no order.

        Args:
            by: What to tell apart.
            since_ns: What started in this hour or later.
        """
        self._refresh()
        with self._connection.reading() as db:
            return histogram.read_figures(db, by, since_ns)

    def sinks(self) -> list[SinkState]:
        """Return how every sink stands that some program recorded for."""
        with self._connection.reading() as db:
            return sink_states.read_sinks(db)

    def dead_letters(self, sink_id: int) -> list[DeadLetter]:
        """Return the traces that a sink will never take."""
        with self._connection.reading() as db:
            return sink_states.read_dead_letters(db, sink_id)

    def retry_dead(self, sink_id: int) -> int:
        """Queue the dead letters of a sink again; returns how many."""
        with self._connection.writing() as db:
            return sink_states.retry_dead(db, sink_id)

    def back_up(self, target: str | Path, *, force: bool = False) -> int:
        """Copy the store, as it is now, into one file; returns its size in bytes.

        Raises:
            OptionError: The file is there already and `force` is not set, or it is the store.
        """
        return backup.back_up(self._connection, target, force=force)

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

    def _refresh(self, trace_ids: Sequence[str] | None = None) -> bool:
        """Do what a reader finds undone: end the spans of dead processes, add up what has changed.

        Returns:
            False when the file cannot be written just now; it is then read as it is.
        """
        try:
            self.bury_dead()
            if trace_ids is None:
                with self._connection.reading() as db:
                    trace_ids = rollups.dirty_traces(db)
            self._roll_up(trace_ids, _PATIENCE_S)
        except StoreError:
            return False
        return True

    def _summary(self, row: sqlite3.Row, is_fresh: bool) -> TraceSummary:
        if is_fresh or not row["dirty"]:
            return summary(row)
        with self._connection.reading() as db:
            totals = rollups.add_up(db, row["trace_id"])
        return replace(summary(row), totals=totals)

    def bury_dead(self) -> None:
        """End the open spans of processes that are dead; looks at most once a second."""
        now_ns = self._now_ns()
        if now_ns - self._looked_ns < _LOOK_NS:
            return
        self._looked_ns = now_ns
        with self._connection.reading() as db:
            if not processes.has_dead_suspects(db, self._process, now_ns):
                return
        with self._connection.writing(_PATIENCE_S) as db:
            first = write.next_seq(db, 1)
            ended = processes.bury_dead(db, self._process, now_ns, first)
            write.next_seq(db, ended)
