"""The stores that a verb reads: the one of the home, and where runs went when it failed."""

from pathlib import Path

from agentglass.cli.terminal import complain
from agentglass.errors import RunNotFoundError, StoreError
from agentglass.spans import Trace, TraceFilter, TraceSummary, is_trace_id
from agentglass.store import SQLiteStore, fallback_home, resolve_home
from agentglass.store.home import STORE_NAME

__all__ = ["Stores", "store_path"]


def store_path() -> Path:
    """Return where the store is, or will be."""
    return resolve_home() / STORE_NAME


class Stores:
    """The stores that exist, as far as they can be read; nothing is made."""

    def __init__(self) -> None:
        self.readable: list[SQLiteStore] = []
        self.problems: list[StoreError] = []
        """Why the others cannot be read."""
        for path in dict.fromkeys((store_path(), fallback_home() / STORE_NAME)):
            if path.exists():
                self._open(path)

    def latest(self, query: TraceFilter, limit: int) -> list[TraceSummary]:
        """Return the runs that match, latest first."""
        found = [run for store in self.readable for run in store.find(query, limit=limit).traces]
        found.sort(key=lambda run: run.start_ns, reverse=True)
        return found[:limit]

    def find(self, ref: str) -> Trace:
        """Return the run that a user means; says so when it may not be the right one.

        Args:
            ref: `last`, a run id or the beginning of one, or a trace id.

        Raises:
            RunNotFoundError: There is none, or there are several.
            StoreError: There is none, and there is a store that cannot be read.
        """
        trace = self._lookup(ref)
        if trace is None and self.problems:
            raise self.problems[0]
        if trace is None:
            raise RunNotFoundError(ref)
        for problem in self.problems:
            complain(f"Warning: {problem}")
        return trace

    def _open(self, path: Path) -> None:
        store = SQLiteStore(path)
        try:
            store.check()
        except StoreError as error:
            self.problems.append(error)
        else:
            self.readable.append(store)

    def _lookup(self, ref: str) -> Trace | None:
        if ref == "last":
            runs = self.latest(TraceFilter(), 1)
        elif is_trace_id(ref):
            return self._get(ref)
        else:
            runs = self.latest(TraceFilter(run_id_prefix=ref.lower()), 6)
        if len(runs) > 1:
            raise RunNotFoundError(ref, sorted(run.run_id for run in runs))
        return self._get(runs[0].trace_id) if runs else None

    def _get(self, trace_id: str) -> Trace | None:
        traces = (store.get_trace(trace_id) for store in self.readable)
        return next((trace for trace in traces if trace is not None), None)
