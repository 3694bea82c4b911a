"""One file a run: a `TraceRun` as JSON."""

from collections.abc import Sequence
from pathlib import Path

from agentglass.spans import Delivered, Delivery, Retry, SinkAddress, Trace
from agentglass.steps.files import write_run

__all__ = ["FileSink"]


class FileSink:
    """Writes `trace-{run_id}.json` when the root of a trace has ended; once more replaces it.

    Args:
        directory: Where to write; made when it is missing, for its owner only.
        indent: Spaces for each level; None writes one line.
    """

    name = "file"

    def __init__(self, directory: str | Path, indent: int | None = None) -> None:
        self._directory = Path(directory).expanduser().absolute()
        self._indent = indent
        options = {"directory": str(self._directory), "indent": indent}
        self.address = SinkAddress(self.name, str(self._directory), options=options)

    def deliver(self, batch: Sequence[Trace]) -> Delivery:
        """Write a file for each trace that has ended; those that have not come again."""
        try:
            for trace in batch:
                if _has_ended(trace):
                    self._write(trace)
        except OSError as error:
            return Retry(str(error))
        return Delivered()

    def close(self) -> None:
        """Do nothing: every file is closed when it is written."""

    def _write(self, trace: Trace) -> None:
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._directory / f"trace-{trace.summary.run_id}.json"
        write_run(trace, path, indent=self._indent)


def _has_ended(trace: Trace) -> bool:
    root = next((span for span in trace.iter_spans() if span.is_root), None)
    return root is not None and root.end_ns is not None
