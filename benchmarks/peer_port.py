"""What is asked of everybody who records: the same model calls, below the same roots."""

import re
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

__all__ = ["PEERS", "Peer", "mark", "marks_in", "open_peer"]

_MARK = re.compile(rb"call-(\d{8})")


class Peer(Protocol):
    """Records through the public interface of one library, set up as its manual says."""

    version: str
    """Of the library that records."""

    def trace(self) -> AbstractContextManager[object]:
        """Open a root."""

    def call(self, given: str, answer: str) -> None:
        """Record one model call with input, output, usage and five attributes."""

    def flush(self) -> None:
        """Wait until everything recorded so far is where it should go."""

    def close(self) -> None:
        """Do what the library asks for at the end of a program."""


PEERS: dict[str, tuple[str, dict[str, Any]]] = {
    "agentglass": ("benchmarks.peer_agentglass:AgentglassCaller", {}),
    "agentglass + http": ("benchmarks.peer_agentglass:AgentglassCaller", {"sends": True}),
    "otel, null": ("benchmarks.peer_otel:OtelPeer", {}),
    "otel, otlp": ("benchmarks.peer_otlp:OtlpCaller", {}),
    "langfuse": ("benchmarks.peer_langfuse:LangfuseCaller", {}),
    "langsmith": ("benchmarks.peer_langsmith:LangsmithCaller", {}),
    "mlflow": ("benchmarks.peer_mlflow:MlflowCaller", {}),
    "mlflow, sync": ("benchmarks.peer_mlflow:MlflowCaller", {"is_async": False}),
    "mlflow, SQLite": ("benchmarks.peer_mlflow:MlflowCaller", {"is_async": False, "sends": False}),
}
"""Name -> the class that is called with the address of a server and a directory, and options."""


def open_peer(name: str, url: str, home: Path) -> Peer:
    """Load a library and have it record to a server, or into a directory."""
    place, options = PEERS[name]
    module, _, attribute = place.partition(":")
    peer: Peer = getattr(import_module(module), attribute)(url, home, **options)
    return peer


def mark(number: int) -> str:
    """Return the text by which a call is known again in whatever encoding it arrives."""
    return f"call-{number:08d}"


def marks_in(body: bytes) -> set[bytes]:
    """Return the calls that are in what a peer sent."""
    return set(_MARK.findall(body))
