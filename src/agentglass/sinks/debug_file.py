"""What `--trace` writes: one JSON file a run, with the store before and after every node."""

import json
import logging
import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agentglass.sinks.debug_limits import DebugLimits
from agentglass.sinks.debug_view import debug_view
from agentglass.spans import Delivered, Delivery, Retry, SinkAddress, Trace
from agentglass.store import resolve_home

__all__ = ["WARN_BYTES", "DebugFileSink"]

WARN_BYTES = 10 * 2**20
"""A file past this is reported once."""

_logger = logging.getLogger("agentglass")


class DebugFileSink:
    """Writes `agentglass-trace-workflow-YYYYMMDD-HHMMSS.json`, by local time of the start.

    Args:
        directory: Where to write; `debug` in the home of agentglass when None.
        limits: How much is kept; read from the environment when None.
        kind: The word in the file's name: `workflow` or `planner`.

    Raises:
        OptionError: A limit in the environment is not a number.
    """

    name = "debug_file"

    def __init__(
        self,
        directory: str | Path | None = None,
        limits: DebugLimits | None = None,
        kind: str = "workflow",
    ) -> None:
        self._directory = Path(directory) if directory else resolve_home() / "debug"
        self._limits = limits or DebugLimits.from_env()
        self._kind = kind
        options = {"directory": str(self._directory), "kind": kind}
        self.address = SinkAddress(self.name, options["directory"], options=options)
        self._has_warned = False

    def deliver(self, batch: Sequence[Trace]) -> Delivery:
        """Write a file for each trace."""
        try:
            for trace in batch:
                self.write(trace)
        except OSError as error:
            return Retry(str(error))
        return Delivered()

    def write(self, trace: Trace, json_output: Any = None) -> Path:
        """Write the file of one run; the same run again replaces its file.

        Args:
            trace: The run.
            json_output: What the CLI printed with `--output-format json`.

        Raises:
            OSError: The file cannot be written; nothing is left half-written.
        """
        view = debug_view(trace, self._limits, json_output)
        text = json.dumps(view, ensure_ascii=False, indent=2, default=str)
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._free_path(trace)
        _write_whole(path, text)
        if path.stat().st_size > WARN_BYTES and not self._has_warned:
            self._has_warned = True
            megabytes = path.stat().st_size / 2**20
            _logger.warning(
                "the trace file %s has %.0f MB; lower AGENTGLASS_TRACE_STORE_MAX to keep less",
                path,
                megabytes,
            )
        return path

    def close(self) -> None:
        """Do nothing: every file is closed when it is written."""

    def _free_path(self, trace: Trace) -> Path:
        """Return the plain name, or one with a suffix when another run has it already."""
        started = datetime.fromtimestamp(trace.summary.start_ns / 1e9, UTC).astimezone()
        stem = f"agentglass-trace-{self._kind}-{started:%Y%m%d-%H%M%S}"
        plain = self._directory / f"{stem}.json"
        own = self._directory / f"{stem}-{trace.summary.trace_id[:6]}.json"
        if own.exists():
            return own
        try:
            os.close(os.open(plain, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return plain if _execution_id(plain) == trace.summary.run_id else own
        return plain


def _execution_id(path: Path) -> str | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found.get("execution_id") if isinstance(found, dict) else None


def _write_whole(path: Path, text: str) -> None:
    """Write a file that is either the old one or the new one, readable by its owner only."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
