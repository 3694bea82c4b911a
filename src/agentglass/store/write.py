"""What one write transaction does: spans, traces, gaps."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from agentglass.errors import StoreLostError
from agentglass.spans import Gap, Resource, Span, SpanType, Status, run_id_from_trace_id
from agentglass.store.bodies import keep
from agentglass.store.rows import SPAN_COLUMNS, encode_json, span_to_row

__all__ = ["add_gaps", "next_seq", "resource_id", "upsert_spans", "upsert_traces"]

_COLUMNS = (*SPAN_COLUMNS, "input_sha", "output_sha")
_CHUNKS = (64, 16, 4, 1)
"""Rows per statement: multi-row inserts beat `executemany`, and few sizes keep the statement cache
warm."""


def _insert(rows: int) -> str:
    columns = ", ".join(_COLUMNS)
    one = f"({', '.join('?' * len(_COLUMNS))})"
    updates = ", ".join(
        f"{name} = excluded.{name}" for name in _COLUMNS if name not in ("trace_id", "span_id")
    )
    # Ended beats started; among equals the later write wins, and a write is always later.
    return (
        f"INSERT INTO spans ({columns}) VALUES {', '.join([one] * rows)}"
        f" ON CONFLICT (trace_id, span_id) DO UPDATE SET {updates}"
        " WHERE spans.end_ns IS NULL OR excluded.end_ns IS NOT NULL"
    )


_INSERTS = {rows: _insert(rows) for rows in _CHUNKS}


def next_seq(db: sqlite3.Connection, count: int) -> int:
    """Reserve `count` numbers and return the first; unique in the store, whoever writes.

    Raises:
        StoreLostError: The counter is gone, which only damage can do.
    """
    row = db.execute(
        "UPDATE counters SET value = value + ? WHERE name = 'seq' RETURNING value", (count,)
    ).fetchone()
    if row is None:
        raise StoreLostError("The store is damaged: its counter of records is gone.")
    return int(row[0]) - count + 1


def resource_id(db: sqlite3.Connection, resource: Resource) -> int:
    """Return the number of a resource, entering it when it is new."""
    values = (resource.service, encode_json(dict(resource.attributes)))
    db.execute("INSERT OR IGNORE INTO resources (service, attributes) VALUES (?, ?)", values)
    row = db.execute("SELECT id FROM resources WHERE service = ? AND attributes = ?", values)
    return int(row.fetchone()[0])


def upsert_spans(
    db: sqlite3.Connection,
    spans: Sequence[Span],
    first_seq: int,
    process_id: str,
    resources: dict[int, int],
) -> None:
    """Write spans.

    Args:
        db: In a write transaction.
        spans: What to write, in order.
        first_seq: The seq of the first; the others follow.
        process_id: For spans that do not name their own.
        resources: `id()` of a resource -> its number in the store.
    """
    rows = []
    for offset, span in enumerate(spans):
        number = resources.get(id(span.resource))
        *row, input, output = span_to_row(span, first_seq + offset, process_id, number)
        input, input_sha = keep(db, input)
        output, output_sha = keep(db, output)
        rows.append((*row, input, output, input_sha, output_sha))
    start = 0
    for size in _CHUNKS:
        while len(rows) - start >= size:
            chunk = rows[start : start + size]
            db.execute(_INSERTS[size], [value for row in chunk for value in row])
            start += size


def upsert_traces(
    db: sqlite3.Connection, spans: Sequence[Span], first_seq: int, process_id: str
) -> None:
    """Enter or update the row of every trace that has a span here, and mark it for a roll-up."""
    last: dict[str, tuple[int, Span]] = {}
    for offset, span in enumerate(spans):
        last[span.trace_id] = (first_seq + offset, span)
    for trace_id, (seq, span) in last.items():
        db.execute(
            "INSERT INTO traces (trace_id, run_id, process_id, name, workflow, status, start_ns,"
            " level, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (trace_id) DO UPDATE SET dirty = 1, seq = excluded.seq,"
            " start_ns = min(start_ns, excluded.start_ns)",
            (
                trace_id,
                run_id_from_trace_id(trace_id),
                process_id,
                span.name,
                span.name,
                str(Status.RUNNING),
                span.start_ns,
                "trace",
                seq,
            ),
        )
    for span in spans:
        if span.trace is not None:
            _update_trace(db, span)
        if span.is_root:
            _update_root(db, span)
        elif span.trace is not None and span.trace.upstream is not None:
            _update_part(db, span)


def _update_trace(db: sqlite3.Connection, span: Span) -> None:
    state = span.trace
    assert state is not None
    db.execute(
        "UPDATE traces SET run_id = ?, level = ?, tags = ?, metadata = ?, project = ?,"
        " environment = ?, release = ?, user_id = ?, session_id = ?,"
        " expected_spans = coalesce(?, expected_spans)"
        " WHERE trace_id = ? AND (? OR root_span_id IS NULL)",
        (
            state.run_id,
            state.level,
            encode_json(state.tags),
            encode_json(state.metadata),
            state.project,
            state.environment,
            state.release,
            state.user_id,
            state.session_id,
            state.expected,
            span.trace_id,
            # What another process says of a trace holds until its root is known.
            state.upstream is None,
        ),
    )


def _update_root(db: sqlite3.Connection, span: Span) -> None:
    tags: dict[str, Any] = span.trace.tags if span.trace is not None else {}
    if span.status == Status.INTERRUPTED and _is_resumed(db, span):
        return
    db.execute(
        "UPDATE traces SET root_span_id = ?, name = ?, workflow = ?, status = ?, start_ns = ?,"
        " end_ns = ?"
        " WHERE trace_id = ? AND (end_ns IS NULL OR ? IS NOT NULL OR root_span_id IS NULL)",
        (
            span.span_id,
            span.name,
            tags.get("workflow") or span.name,
            str(span.status),
            span.start_ns,
            span.end_ns,
            span.trace_id,
            span.end_ns,
        ),
    )


def _is_resumed(db: sqlite3.Connection, root: Span) -> bool:
    """Tell whether somebody went on with a run before its interruption was written."""
    query = "SELECT 1 FROM spans WHERE trace_id = ? AND parent_id = ? AND type = ? LIMIT 1"
    values = (root.trace_id, root.span_id, str(SpanType.SEGMENT))
    return db.execute(query, values).fetchone() is not None


def _update_part(db: sqlite3.Connection, span: Span) -> None:
    """Say of a trace what the first span of another process says of its part.

    A segment goes on with an interrupted run: the run has the status of its last one. Any other
    part speaks for the trace where the root is not known.
    """
    name, is_segment = span.name, span.type == SpanType.SEGMENT
    db.execute(
        "UPDATE traces SET status = ?, end_ns = ?,"
        " name = iif(root_span_id IS NULL, ?, name),"
        " workflow = iif(root_span_id IS NULL, ?, workflow)"
        " WHERE trace_id = ? AND (? OR root_span_id IS NULL)",
        (str(span.status), span.end_ns, name, name, span.trace_id, is_segment),
    )


def add_gaps(db: sqlite3.Connection, gaps: Iterable[Gap], process_id: str) -> None:
    """Write what was lost."""
    db.executemany(
        "INSERT INTO gaps (trace_id, process_id, time_ns, count, reason) VALUES (?, ?, ?, ?, ?)",
        [
            (gap.trace_id, gap.process_id or process_id, gap.time_ns, gap.count, gap.reason)
            for gap in gaps
        ],
    )
