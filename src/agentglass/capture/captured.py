"""What one instrumentor or handler has captured: which spans, and the runs of steps made of them."""

import asyncio
import logging
import threading
from collections import OrderedDict
from pathlib import Path

from agentglass.errors import AgentglassError
from agentglass.record import LiveSpan, Recorder
from agentglass.spans import Trace
from agentglass.steps import AgentInfo, TraceRun
from agentglass.steps.files import write_run
from agentglass.steps.from_spans import run_from_trace

__all__ = ["Captured"]

_logger = logging.getLogger("agentglass")
_MAX_TRACES = 1000
"""How many traces are remembered; the store keeps them all."""


class Captured:
    """The spans of one instrumentor or handler, by trace.

    Args:
        agent_name: The name of the agent in its runs; the name of the trace where it is missing.
        agent_version: Its version.
        output_path: Where `trace-{run_id}.json` is written when a root has ended; None writes none.
    """

    def __init__(
        self,
        agent_name: str | None = None,
        agent_version: str | None = None,
        output_path: str | Path | None = None,
    ) -> None:
        self._agent = (agent_name, agent_version)
        self._directory = None if output_path is None else Path(output_path)
        self._lock = threading.Lock()
        self._traces: OrderedDict[str, tuple[Recorder, set[str]]] = OrderedDict()

    def add(self, span: LiveSpan) -> None:
        """Take note of a span."""
        with self._lock:
            known = self._traces.setdefault(span.trace_id, (span.recorder, set()))
            known[1].add(span.span_id)
            while len(self._traces) > _MAX_TRACES:
                self._traces.popitem(last=False)

    def clear(self) -> None:
        """Forget all; the store keeps them."""
        with self._lock:
            self._traces.clear()

    def runs(self) -> list[TraceRun]:
        """Return a run for each trace, as it is now, in order of their beginning."""
        with self._lock:
            known = [(key, recorder, set(ids)) for key, (recorder, ids) in self._traces.items()]
        found = (self._run(trace_id, recorder, ids) for trace_id, recorder, ids in known)
        return [run for run in found if run is not None]

    def root_ended(self, span: LiveSpan) -> None:
        """Write the file of a trace whose root has ended; in the background inside an event loop."""
        if self._directory is None:
            return
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self._write(span)
        else:
            threading.Thread(target=self._write, args=[span], name="agentglass-file").start()

    def _write(self, span: LiveSpan) -> None:
        assert self._directory is not None
        try:
            with self._lock:
                recorder, ids = self._traces.get(span.trace_id, (span.recorder, {span.span_id}))
            run = self._run(span.trace_id, recorder, set(ids))
            if run is not None:
                self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
                write_run(run, self._directory / f"trace-{run.run_id}.json")
        except (OSError, AgentglassError) as error:
            _logger.warning("the trace file could not be written: %s", error)

    def _run(self, trace_id: str, recorder: Recorder, ids: set[str]) -> TraceRun | None:
        recorder.flush()
        whole = recorder.store.get_trace(trace_id)
        if whole is None:
            return None
        trace = Trace(
            whole.summary,
            lambda: (span for span in whole.iter_spans() if span.span_id in ids),
            whole.gaps,
        )
        run = run_from_trace(trace)
        name, version = self._agent
        if name is not None or version is not None:
            info = run.agent_info
            run.agent_info = AgentInfo(
                **{**dict(info), "name": name or info.name, "version": version or info.version}
            )
        return run
