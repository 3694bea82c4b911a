"""Filters and cursors to SQL."""

import time
from typing import Any

from agentglass.errors import OptionError
from agentglass.spans import TraceFilter
from agentglass.store.where import compile_where

__all__ = ["cursor_from", "cursor_to", "where"]


def where(query: TraceFilter | None) -> tuple[list[str], list[Any]]:
    """Return conditions over `traces`, to be joined by AND, and their values."""
    if query is None:
        return [], []
    pairs: list[tuple[str, Any]] = [
        ("workflow = ?", query.workflow),
        ("status = ?", None if query.status is None else str(query.status)),
        ("start_ns >= ?", query.since_ns),
        ("start_ns < ?", query.until_ns),
        ("session_id = ?", query.session_id),
        ("user_id = ?", query.user_id),
        ("run_id LIKE ? ESCAPE '!'", _prefix(query.run_id_prefix)),
    ]
    set_pairs = [(condition, value) for condition, value in pairs if value is not None]
    conditions = [condition for condition, _ in set_pairs]
    values = [value for _, value in set_pairs]
    for name, tag in query.tags.items():
        conditions.append("EXISTS (SELECT 1 FROM json_each(tags) WHERE key = ? AND value = ?)")
        values += [name, tag]
    if query.where is not None:
        condition, bound = compile_where(query.where, time.time_ns())
        conditions.append(condition)
        values += bound
    return conditions, values


def cursor_to(start_ns: int, trace_id: str) -> str:
    """Return the cursor that goes on after this row."""
    return f"{start_ns}-{trace_id}"


def cursor_from(cursor: str) -> tuple[int, str]:
    """Read a cursor.

    Raises:
        OptionError: It is not one that a page gave.
    """
    start, _, trace_id = cursor.partition("-")
    if not start.isdigit() or not trace_id:
        raise OptionError(f"The cursor {cursor!r} is not one that a page of runs gave.")
    return int(start), trace_id


def _prefix(text: str | None) -> str | None:
    if text is None:
        return None
    escaped = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"{escaped}%"
