"""The stores that a verb reads: the one of the home, and where runs went when it failed."""

import time
from dataclasses import dataclass
from pathlib import Path

from agentglass.cli.terminal import complain
from agentglass.errors import OptionError, RunNotFoundError, StoreError, did_you_mean
from agentglass.spans import Trace, TraceFilter, TraceSummary, is_trace_id, join_traces
from agentglass.store import SQLiteStore, fallback_home, resolve_home
from agentglass.store.home import STORE_NAME
from agentglass.store.sink_states import SinkState

__all__ = ["StoredSink", "Stores", "store_path"]


def store_path() -> Path:
    """Return where the store is, or will be."""
    return resolve_home() / STORE_NAME


@dataclass(frozen=True, slots=True)
class StoredSink:
    """A sink, and the store that keeps what it has not got."""

    store: SQLiteStore
    state: SinkState

    @property
    def lag_ns(self) -> int | None:
        """For how long the oldest run has been waiting; None when none is."""
        oldest_ns = self.state.oldest_ns
        return None if oldest_ns is None else max(0, time.time_ns() - oldest_ns)


class Stores:
    """The stores that exist, as far as they can be read; nothing is made."""

    def __init__(self) -> None:
        self.readable: list[SQLiteStore] = []
        self._problems: dict[Path, StoreError] = {}
        self._opened: set[Path] = set()
        self.look()

    def look(self) -> None:
        """Open the stores that are there and were not before, or could not be read."""
        for path in (store_path(), fallback_home() / STORE_NAME):
            if path not in self._opened and path.exists():
                self._open(path)

    @property
    def problems(self) -> list[StoreError]:
        """Why stores that are there cannot be read."""
        return list(self._problems.values())

    def latest(self, query: TraceFilter, limit: int) -> list[TraceSummary]:
        """Return the runs that match, latest first."""
        pages = [store.find(query, limit=limit).traces for store in self.readable]
        found = {run.trace_id: run for page in pages for run in page}
        if len(pages) > 1:
            found = self._joined(found, query)
        return sorted(found.values(), key=lambda run: run.start_ns, reverse=True)[:limit]

    def get(self, trace_id: str) -> Trace | None:
        """Return a run, put together where it was recorded in two stores; None for none."""
        found = [store.get_trace(trace_id) for store in self.readable]
        parts = [trace for trace in found if trace is not None]
        return join_traces(parts) if parts else None

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

    def sinks(self, ref: str | None = None) -> list[StoredSink]:
        """Return the sinks that programs recorded for.

        Args:
            ref: Only those of this name or with this target.

        Raises:
            OptionError: There is none.
        """
        known = [StoredSink(store, state) for store in self.readable for state in store.sinks()]
        addresses = [each.state.address for each in known]
        names = sorted({name for each in addresses for name in (each.kind, each.target) if name})
        if ref is None or ref in names:
            return [
                each
                for each, address in zip(known, addresses, strict=True)
                if ref in (None, address.kind, address.target)
            ]
        known_names = (
            f" Known: {', '.join(names)}." if names else " No program has used a sink yet."
        )
        raise OptionError(f"Unknown sink {ref!r}.{did_you_mean(ref, names)}{known_names}")

    def _joined(
        self, found: dict[str, TraceSummary], query: TraceFilter
    ) -> dict[str, TraceSummary]:
        """Put together what is in two stores, and leave out what does not match then."""
        traces = [self.get(trace_id) for trace_id in found]
        runs = [trace.summary for trace in traces if trace is not None]
        return {run.trace_id: run for run in runs if query.status in (None, run.status)}

    def _open(self, path: Path) -> None:
        store = SQLiteStore(path)
        try:
            store.check()
        except StoreError as error:
            self._problems[path] = error
        else:
            self._problems.pop(path, None)
            self._opened.add(path)
            self.readable.append(store)

    def _lookup(self, ref: str) -> Trace | None:
        if ref == "last":
            runs = self.latest(TraceFilter(), 1)
        elif is_trace_id(ref):
            return self.get(ref)
        else:
            runs = self.latest(TraceFilter(run_id_prefix=ref.lower()), 6)
        if len(runs) > 1:
            raise RunNotFoundError(ref, sorted(run.run_id for run in runs))
        return self.get(runs[0].trace_id) if runs else None
