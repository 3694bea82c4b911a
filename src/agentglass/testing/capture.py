"""`with capture() as t`: what a piece of code records, for the tests of its users."""

from collections.abc import Iterator
from contextlib import contextmanager

from agentglass.record import Recorder, use_recorder
from agentglass.redact import RedactionPolicy
from agentglass.spans import Clock, IdSource, Level, Span, Trace, outline
from agentglass.store import SQLiteStore

__all__ = ["Capture", "capture"]


class Capture:
    """What was recorded within `capture()`; still readable after it."""

    def __init__(self, recorder: Recorder, store: SQLiteStore) -> None:
        self.recorder = recorder
        self._store = store

    @property
    def traces(self) -> list[Trace]:
        """Every trace, earliest first."""
        self.recorder.flush()
        found = self._store.find(limit=100_000).traces
        traces = [self._store.get_trace(summary.trace_id) for summary in reversed(found)]
        return [trace for trace in traces if trace is not None]

    @property
    def trace(self) -> Trace:
        """The only trace.

        Raises:
            AssertionError: There is none, or more than one.
        """
        traces = self.traces
        if len(traces) != 1:
            raise AssertionError(f"Expected one trace, found {len(traces)}:\n{self.outline()}")
        return traces[0]

    @property
    def spans(self) -> list[Span]:
        """The spans of all traces, in order of start."""
        return [span for trace in self.traces for span in trace.spans]

    def span(self, name: str) -> Span:
        """Return the only span of that name.

        Raises:
            AssertionError: There is none, or more than one.
        """
        found = [span for span in self.spans if span.name == name]
        if len(found) != 1:
            raise AssertionError(
                f"Expected one span {name!r}, found {len(found)}:\n{self.outline()}"
            )
        return found[0]

    def outline(self) -> str:
        """Return every trace as indented text: `name type status`."""
        return "\n".join(outline(trace.spans) for trace in self.traces)


@contextmanager
def capture(
    *,
    level: Level = "trace",
    policy: RedactionPolicy | None = None,
    clock: Clock | None = None,
    ids: IdSource | None = None,
) -> Iterator[Capture]:
    """Record into memory whatever the block runs, in this and in other threads.

    Args:
        level: `off`, `metrics` or `trace`.
        policy: What is redacted; None redacts secrets.
        clock: Source of times, as `FakeClock`.
        ids: Source of ids, as `SequentialIds`.
    """
    store = SQLiteStore(":memory:")
    recorder = Recorder(store=store, level=level, policy=policy, clock=clock, ids=ids)
    with use_recorder(recorder):
        try:
            yield Capture(recorder, store)
        finally:
            recorder.close()
