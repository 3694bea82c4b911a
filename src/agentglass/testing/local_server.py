"""An HTTP server on a free port of 127.0.0.1 that a test can end at once."""

import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

__all__ = ["LocalServer"]


class LocalServer:
    """Listens within a `with`, or between `start()` and `stop()`; each request in its own thread.

    Args:
        handler: Answers requests; finds this object as `self.server.owner`.
        name: Of the thread.
    """

    def __init__(self, handler: type[BaseHTTPRequestHandler], name: str) -> None:
        self.stopping = threading.Event()
        self._handler = handler
        self._name = name
        self._port = 0
        self._http: _HTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """The URL without a path; it stays the same when the server stops and starts again."""
        if not self._port:
            raise RuntimeError("The server does not run. Use it in a `with`, or call `start()`.")
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> Self:
        """Listen."""
        self.stopping.clear()
        self._http = _HTTPServer(("127.0.0.1", self._port), self._handler)
        self._http.owner = self
        self._port = self._http.server_port
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.02,), name=self._name, daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Hang up on everybody and stop listening: connections are refused."""
        self.stopping.set()
        if self._http is not None and self._thread is not None:
            self._http.shutdown()
            self._http.hang_up()
            self._http.server_close()
            self._thread.join()
        self._http = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.stop()


class _HTTPServer(ThreadingHTTPServer):
    """Knows its open connections, so that the end of a test does not wait for them."""

    daemon_threads = False
    request_queue_size = 128
    owner: LocalServer

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that hangs up is part of the game."""

    def hang_up(self) -> None:
        for connection in tuple(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
