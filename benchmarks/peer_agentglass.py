"""agentglass: into a store on disk, and from there to a sink."""

from contextlib import AbstractContextManager
from pathlib import Path

import agentglass
from benchmarks.caller import record_call

__all__ = ["AgentglassCaller"]


class AgentglassCaller:
    """Records as a program does that called `configure()`.

    Args:
        url: Where the sink posts.
        home: Where the store is.
        sends: Whether there is a sink.
    """

    version = "agentglass"

    def __init__(self, url: str, home: Path, *, sends: bool = False) -> None:
        sinks = [("http", {"target": f"{url}/traces"})] if sends else []
        self._recorder = agentglass.configure(home=home, sinks=sinks)

    def trace(self) -> AbstractContextManager[object]:
        """Open a root."""
        return agentglass.trace("run")

    def call(self, given: str, answer: str) -> None:
        """Record one model call."""
        record_call(given, answer)

    def flush(self) -> None:
        """Wait for the store and the sink."""
        self._recorder.flush(60)

    def close(self) -> None:
        """Do nothing: the end of the process closes the recorder."""
