"""A server that takes what every peer sends, as slowly as it is told, and counts the calls in it."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any

import zstandard

from agentglass.testing.local_server import LocalServer
from benchmarks.peer_port import marks_in

__all__ = ["CountingServer"]

# What the clients ask for before they send: LangSmith its limits, MLflow the server's version.
_INGEST = {
    "use_multipart_endpoint": True,
    "scale_up_qsize_trigger": 1000,
    "scale_up_nthreads_limit": 16,
    "scale_down_nempty_trigger": 4,
    "size_limit": 100,
    "size_limit_bytes": 20_971_520,
}
_INFO = {"batch_ingest_config": _INGEST, "instance_flags": {"zstd_compression_enabled": True}}
_ANSWERS: dict[str, bytes] = {"/info": json.dumps(_INFO).encode(), "/version": b"3.17.2"}


class CountingServer(LocalServer):
    """Answers every request that brings something with 200, after a while.

    Args:
        delay_s: How long each of these takes.
    """

    def __init__(self, delay_s: float = 0.0) -> None:
        super().__init__(_Handler, "counting-server")
        self.delay_s = delay_s
        self._calls: set[bytes] = set()
        self._lock = threading.Lock()

    @property
    def arrived(self) -> int:
        """How many different calls came in."""
        return len(self._calls)

    def receive(self, body: bytes) -> None:
        """Note what is in a request."""
        found = marks_in(body)
        with self._lock:
            self._calls |= found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer(_ANSWERS.get(self.path, b"{}"))

    def do_POST(self) -> None:
        server: CountingServer = self.server.owner  # type: ignore[attr-defined]
        body = _unpacked(self._read(), self.headers.get("content-encoding", ""))
        server.receive(body)
        server.stopping.wait(server.delay_s)
        self._answer(_kept_trace(body) if self.path.endswith("/mlflow/traces") else b"{}")

    do_PATCH = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _read(self) -> bytes:
        if self.headers.get("transfer-encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _unpacked(body: bytes, encoding: str) -> bytes:
    if encoding == "gzip":
        return gzip.decompress(body)
    if encoding == "zstd":
        unpacker = zstandard.ZstdDecompressor()
        with unpacker.stream_reader(body, read_across_frames=True) as reader:
            return reader.read()
    return body


def _kept_trace(body: bytes) -> bytes:
    """Return a trace as MLflow's server does that has the spans in its database already."""
    request = json.loads(body)
    request["trace"]["trace_info"].setdefault("tags", {})["mlflow.trace.spansLocation"] = (
        "TRACKING_STORE"
    )
    return json.dumps(request).encode()
