"""The real command line in a process of its own, with an empty home, and what it has recorded."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from agentglass.spans import Trace, outline
from agentglass.store import SQLiteStore


@dataclass(frozen=True)
class Shell:
    """A directory in which the command line is called, with a home of its own."""

    directory: Path
    home: Path

    def __call__(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Call agentglass, without the settings of whoever runs the tests."""
        kept = {k: text for k, text in os.environ.items() if not k.startswith("AGENTGLASS_")}
        return subprocess.run(
            [sys.executable, "-m", "agentglass", *map(str, arguments)],
            cwd=self.directory,
            env={**kept, "AGENTGLASS_HOME": str(self.home), "PYTHONUTF8": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    def trace(self) -> Trace:
        """Return the only trace in the store."""
        store = SQLiteStore(self.home / "traces.db")
        try:
            (summary,) = store.find().traces
            trace = store.get_trace(summary.trace_id)
            assert trace is not None
            assert trace.spans  # read while the store is open
            return trace
        finally:
            store.close()

    def tree(self) -> str:
        """Return the only trace as lines of `name type status`."""
        return outline(self.trace().spans)
