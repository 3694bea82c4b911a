"""Deletes what is kept to go on with runs, when the runs themselves are deleted."""

from collections.abc import Iterable

from agentglass.workflow.state_db.connection import StateDb, state_db_path
from agentglass.workflow.state_db.runs import RunRecords

__all__ = ["forget_runs"]


def forget_runs(trace_ids: Iterable[str]) -> None:
    """Delete what is kept to go on with runs, by the traces in which they are recorded."""
    path = state_db_path()
    if path.exists():
        db = StateDb(path)
        try:
            RunRecords(db).forget(trace_ids)
        finally:
            db.close()
