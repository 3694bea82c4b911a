"""The store for notebooks: read-only SQL, and runs and spans as pandas DataFrames.

from agentglass.store import read_only, runs_frame, spans_frame

runs_frame(where="cost > 0.01").groupby("workflow")["cost_usd"].sum()
read_only().execute("SELECT model, count(*) FROM spans GROUP BY model").fetchall()
"""

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agentglass.errors import StoreError
from agentglass.plugins import load_object
from agentglass.spans import PICO_PER_USD, TraceFilter, TraceSummary
from agentglass.store.bodies import SELECT_SPANS, register
from agentglass.store.home import STORE_NAME, resolve_home
from agentglass.store.sqlite import SQLiteStore

__all__ = ["read_only", "runs_frame", "spans_frame"]

_PAGE = 500
_RUN_COLUMNS = [
    "run_id",
    "trace_id",
    "workflow",
    "name",
    "status",
    "start_time",
    "end_time",
    "duration_s",
    "spans",
    "errors",
    "llm_calls",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "known_cost_usd",
    "session_id",
    "user_id",
    "tags",
]
_SPAN_COLUMNS = [
    "trace_id",
    "span_id",
    "parent_id",
    "name",
    "type",
    "status",
    "start_time",
    "end_time",
    "duration_s",
    "node_id",
    "provider",
    "model",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "error_type",
    "error_message",
    "input",
    "output",
    "attributes",
]


def read_only(path: str | Path | None = None) -> sqlite3.Connection:
    """Open the store for SQL that reads; whatever would change it fails.

    The view `full_spans` holds the spans with all of their inputs and outputs, which `spans` keeps
    elsewhere where they are large.

    Args:
        path: The file; that of the home when None.

    Raises:
        StoreError: There is no store, or it cannot be read.
    """
    file = _file(path)
    try:
        db = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, isolation_level=None)
        register(db)
        db.execute(f"CREATE TEMP VIEW full_spans AS {SELECT_SPANS.replace('FROM ', 'FROM main.')}")
        db.execute("PRAGMA query_only = ON")
    except sqlite3.Error as error:
        raise StoreError(f"The store {str(file)!r} cannot be read: {error}.") from error
    return db


def runs_frame(where: str | None = None, path: str | Path | None = None) -> Any:
    """Return a DataFrame with one row a run, the latest first.

    Args:
        where: A condition in the language of `agentglass runs --where`.
        path: The file of the store; that of the home when None.

    Raises:
        MissingExtraError: pandas is not installed.
        StoreError: There is no store, or it cannot be read.
        WhereError: The condition cannot be understood.
    """
    return _frame([_run_record(run) for run in _runs(where, path)], _RUN_COLUMNS)


def spans_frame(where: str | None = None, path: str | Path | None = None) -> Any:
    """Return a DataFrame with one row a span, run by run; inputs and outputs are JSON texts.

    Args:
        where: Only spans of the runs that match.
        path: The file of the store; that of the home when None.

    Raises:
        MissingExtraError: pandas is not installed.
        StoreError: There is no store, or it cannot be read.
        WhereError: The condition cannot be understood.
    """
    runs = list(_runs(where, path))
    db = read_only(path)
    db.row_factory = sqlite3.Row
    try:
        records = [
            _span_record(dict(row))
            for run in runs
            for row in db.execute(
                "SELECT * FROM full_spans WHERE trace_id = ? ORDER BY start_ns, seq",
                (run.trace_id,),
            )
        ]
    finally:
        db.close()
    return _frame(records, _SPAN_COLUMNS)


def _file(path: str | Path | None) -> Path:
    return resolve_home() / STORE_NAME if path is None else Path(path).absolute()


def _runs(where: str | None, path: str | Path | None) -> Iterator[TraceSummary]:
    read_only(path).close()
    store = SQLiteStore(_file(path))
    try:
        page = store.find(TraceFilter(where=where), limit=_PAGE)
        yield from page.traces
        while page.cursor is not None:
            page = store.find(TraceFilter(where=where), limit=_PAGE, cursor=page.cursor)
            yield from page.traces
    finally:
        store.close()


def _run_record(run: TraceSummary) -> dict[str, Any]:
    totals = run.totals
    return {
        "run_id": run.run_id,
        "trace_id": run.trace_id,
        "workflow": run.workflow,
        "name": run.name,
        "status": str(run.status),
        **_times(run.start_ns, run.end_ns),
        "spans": totals.spans,
        "errors": totals.errors,
        "llm_calls": totals.llm_calls,
        "input_tokens": totals.usage.input_tokens,
        "output_tokens": totals.usage.output_tokens,
        "cost_usd": None if totals.cost_usd is None else float(totals.cost_usd),
        "known_cost_usd": float(totals.known_cost_usd),
        "session_id": run.session_id,
        "user_id": run.user_id,
        "tags": dict(run.tags),
    }


def _span_record(row: Mapping[str, Any]) -> dict[str, Any]:
    pico = row["cost_pico"]
    return {
        **row,
        **_times(row["start_ns"], row["end_ns"]),
        "cost_usd": None if pico is None else pico / PICO_PER_USD,
    }


def _times(start_ns: int, end_ns: int | None) -> dict[str, Any]:
    timestamp = load_object("pandas:Timestamp", feature="A DataFrame")
    return {
        "start_time": timestamp(start_ns, unit="ns", tz="UTC"),
        "end_time": None if end_ns is None else timestamp(end_ns, unit="ns", tz="UTC"),
        "duration_s": None if end_ns is None else (end_ns - start_ns) / 1e9,
    }


def _frame(records: list[dict[str, Any]], columns: list[str]) -> Any:
    return load_object("pandas:DataFrame", feature="A DataFrame")(records, columns=columns)
