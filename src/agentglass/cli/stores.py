"""The stores that a verb reads: the one of the home, and where runs went when it failed."""

from pathlib import Path

from agentglass.errors import RunNotFoundError
from agentglass.spans import Trace, TraceFilter, TraceSummary, is_trace_id
from agentglass.store import SQLiteStore, fallback_home, resolve_home
from agentglass.store.home import STORE_NAME

__all__ = ["existing_stores", "find_run", "latest_runs", "store_path"]


def store_path() -> Path:
    """Return where the store is, or will be."""
    return resolve_home() / STORE_NAME


def existing_stores() -> list[SQLiteStore]:
    """Open the stores that exist; nothing is made.

    Raises:
        StoreError: One of them cannot be read.
    """
    paths = dict.fromkeys((store_path(), fallback_home() / STORE_NAME))
    stores = [SQLiteStore(path) for path in paths if path.exists()]
    for store in stores:
        store.check()
    return stores


def latest_runs(query: TraceFilter, limit: int) -> list[TraceSummary]:
    """Return the runs that match, latest first."""
    found = [run for store in existing_stores() for run in store.find(query, limit=limit).traces]
    found.sort(key=lambda run: run.start_ns, reverse=True)
    return found[:limit]


def find_run(ref: str) -> Trace:
    """Return the run that a user means.

    Args:
        ref: `last`, a run id or the beginning of one, or a trace id.

    Raises:
        RunNotFoundError: There is none, or there are several.
    """
    stores = existing_stores()
    if ref == "last":
        runs = latest_runs(TraceFilter(), 1)
        return _open(stores, runs[0].trace_id) if runs else _fail(ref)
    if is_trace_id(ref):
        return _open(stores, ref)
    query = TraceFilter(run_id_prefix=ref.lower())
    matches = {run.run_id: run for store in stores for run in store.find(query, limit=6).traces}
    if len(matches) > 1:
        raise RunNotFoundError(ref, sorted(matches))
    return _open(stores, next(iter(matches.values())).trace_id) if matches else _fail(ref)


def _open(stores: list[SQLiteStore], trace_id: str) -> Trace:
    for store in stores:
        trace = store.get_trace(trace_id)
        if trace is not None:
            return trace
    return _fail(trace_id)


def _fail(ref: str) -> Trace:
    raise RunNotFoundError(ref)
