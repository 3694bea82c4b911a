"""A server that treats a sink as badly as servers on the network do."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Literal

from agentglass.testing.local_server import LocalServer

__all__ = ["Blow", "HostileServer", "Received"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """How one request is treated; a `Blow()` is a friendly 200."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    """How long nothing is said; ends early when the server stops."""
    cut: Literal["nothing", "all", "half"] = "nothing"
    """What is not sent: nothing is missing, no answer at all, or half of the body."""


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes
    """Unpacked."""

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


Treatment = Blow | Sequence[Blow] | Callable[[Received], Blow]


class HostileServer(LocalServer):
    """Answers every POST as told, on a free port of 127.0.0.1.

        with HostileServer([Blow(status=503), Blow(delay_s=2)]) as server:
            sink = HttpSink(server.url)

    `stop()` makes it refuse connections, `start()` brings it back at the same address.

    Args:
        treatment: One blow for all requests, one for each (the last stays), or a function that
            chooses by the request. Set `treatment` to change it.
    """

    def __init__(self, treatment: Treatment = Blow()) -> None:
        super().__init__(_Handler, "hostile-server")
        self.treatment = treatment
        self.requests: list[Received] = []
        """Every request, in the order of their arrival."""
        self.taken: list[Received] = []
        """Those that were answered with 2xx."""
        self.most_at_once = 0
        """How many requests were in hand at one time, at most."""
        self._in_hand = 0
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where to post."""
        return f"{self.address}/traces"

    def receive(self, request: Received) -> Blow:
        """Note a request and say how it is treated."""
        with self._lock:
            self.requests.append(request)
            self._in_hand += 1
            self.most_at_once = max(self.most_at_once, self._in_hand)
            return self._choose(request)

    def done(self, request: Received, blow: Blow) -> None:
        """Note that a request was answered."""
        with self._lock:
            self._in_hand -= 1
            if 200 <= blow.status < 300 and blow.cut != "all":
                self.taken.append(request)

    def traces(self) -> Iterator[Mapping[str, Any]]:
        """Yield every trace that the sink `http` got rid of, in order, repeated ones too."""
        for request in self.taken:
            yield from request.json["traces"]

    def _choose(self, request: Received) -> Blow:
        if isinstance(self.treatment, Blow):
            return self.treatment
        if callable(self.treatment):
            return self.treatment(request)
        return self.treatment[min(len(self.requests), len(self.treatment)) - 1]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        server: HostileServer = self.server.owner  # type: ignore[attr-defined]
        request = self._read()
        blow = server.receive(request)
        server.stopping.wait(blow.delay_s)
        server.done(request, blow)
        if blow.cut == "all" or server.stopping.is_set():
            self.close_connection = True
        else:
            self._send(blow)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _read(self) -> Received:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        return Received(self.path, headers, body)

    def _send(self, blow: Blow) -> None:
        self.send_response(blow.status)
        for name, value in blow.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(blow.body)))
        self.end_headers()
        if blow.cut == "half":
            self.wfile.write(blow.body[: len(blow.body) // 2])
            self.close_connection = True
        else:
            self.wfile.write(blow.body)
