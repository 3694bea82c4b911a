"""The sums of a trace: added up again from its spans when it has changed, and kept."""

import sqlite3

from agentglass.spans import Span, Totals, find_calls, roll_up
from agentglass.store import histogram
from agentglass.store.connection import Connection
from agentglass.store.rows import SPAN_COLUMNS, encode_json, span_from_row
from agentglass.store.shares import shares_of

__all__ = ["add_up", "dirty_traces", "keep_sums"]

_LIGHT_COLUMNS = ", ".join(
    f"NULL AS {name}" if name in {"input", "output", "events", "links"} else name
    for name in SPAN_COLUMNS
)


def dirty_traces(db: sqlite3.Connection) -> list[str]:
    """Return the traces that have changed since they were added up."""
    rows = db.execute("SELECT trace_id FROM traces WHERE dirty = 1").fetchall()
    return [row["trace_id"] for row in rows]


def add_up(db: sqlite3.Connection, trace_id: str) -> Totals:
    """Add up a trace as it is now, and keep nothing."""
    return roll_up(_light_spans(db, trace_id))


def keep_sums(connection: Connection, trace_id: str, patience_s: float | None) -> None:
    """Add up a trace if it has changed, and keep its sums and its share in the histogram."""
    with connection.reading() as db:
        row = db.execute(
            "SELECT seq, workflow FROM traces WHERE trace_id = ? AND dirty = 1", (trace_id,)
        ).fetchone()
        if row is None:
            return
        spans = _light_spans(db, trace_id)
    calls = find_calls(spans)
    totals, shares = roll_up(spans, calls), shares_of(spans, calls, row["workflow"])
    with connection.writing(patience_s) as db:
        if _keep_totals(db, trace_id, row["seq"], totals):
            histogram.put(db, trace_id, shares)


def _light_spans(db: sqlite3.Connection, trace_id: str) -> list[Span]:
    """Read what a roll-up needs, and no contents."""
    rows = db.execute(
        f"SELECT {_LIGHT_COLUMNS} FROM spans WHERE trace_id = ?", (trace_id,)
    ).fetchall()
    return [span_from_row(row, {}) for row in rows]


def _keep_totals(db: sqlite3.Connection, trace_id: str, seq: int, totals: Totals) -> bool:
    """Keep sums; the trace stays dirty when somebody has written to it meanwhile.

    Returns:
        False when somebody has deleted it.
    """
    changed = db.execute(
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
    ).rowcount
    return changed > 0
