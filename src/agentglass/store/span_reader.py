"""The spans of a trace, read piece by piece."""

import sqlite3
from array import array
from collections.abc import Iterator

from agentglass.spans import Resource, Span
from agentglass.store.bodies import SELECT_SPANS
from agentglass.store.connection import Connection
from agentglass.store.rows import decode_json, span_from_row

__all__ = ["iter_spans"]

_CHUNK = 200


def iter_spans(connection: Connection, trace_id: str) -> Iterator[Span]:
    """Yield the spans of a trace in order of start; one that is deleted meanwhile is left out."""
    with connection.reading() as db:
        rows = db.execute(
            "SELECT id FROM spans WHERE trace_id = ? ORDER BY start_ns, seq", (trace_id,)
        )
        # Small, also for a million spans.
        ids = array("q", (row["id"] for row in rows))
        resources = _resources(db)
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        marks = ", ".join("?" * len(chunk))
        with connection.reading() as db:
            found = db.execute(f"{SELECT_SPANS} WHERE id IN ({marks})", chunk).fetchall()
        by_id = {row["id"]: row for row in found}
        for number in chunk:
            if number in by_id:
                yield span_from_row(by_id[number], resources)


def _resources(db: sqlite3.Connection) -> dict[int, Resource]:
    rows = db.execute("SELECT id, service, attributes FROM resources").fetchall()
    return {row["id"]: Resource(row["service"], decode_json(row["attributes"])) for row in rows}
