"""A fake LLM server that speaks OpenAI's protocol over real HTTP, for tests without a network."""

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from itertools import count, cycle
from typing import Any

from agentglass.testing.llm_script import (
    Fault,
    RecordedRequest,
    Reply,
    Script,
    chunks_of,
    completion_of,
    error_body,
)
from agentglass.testing.local_server import LocalServer

__all__ = ["Fault", "LLMServer", "RecordedRequest", "Reply"]


class LLMServer(LocalServer):
    """Answers `/v1/chat/completions` from a script, on a free port of 127.0.0.1.

        with LLMServer(replies=[Reply(text="hi"), Fault(status=429, retry_after_s=1)]) as server:
            client = AsyncOpenAI(base_url=server.base_url, api_key="any")

    Without a script it repeats the last message. Requests are answered at the same time, each in
    a thread of its own; `requests` holds them in the order of their arrival.
    """

    def __init__(
        self,
        replies: Script = (),
        *,
        models: tuple[str, ...] = ("fake-1",),
        refuse: tuple[str, ...] = (),
        api_key: str | None = None,
    ) -> None:
        """Prepare a server; `with` or `start()` lets it listen.

        Args:
            replies: The script.
            models: What `/v1/models` lists.
            refuse: Parameters that get a 400, as servers do that do not know them.
            api_key: The only key that is let in; None lets everybody in.
        """
        super().__init__(_Handler, "fake-llm-server")
        self.requests: list[RecordedRequest] = []
        """Every request, the refused ones too."""
        self.models = models
        self._refuse = refuse
        self._api_key = api_key
        self._replies = replies if callable(replies) else cycle(replies) if replies else None
        self._lock = threading.Lock()
        self._numbers = count(1)

    @property
    def base_url(self) -> str:
        """The URL for a client, with its `/v1`."""
        return f"{self.address}/v1"

    def answer(self, request: RecordedRequest) -> tuple[int, Reply | Fault]:
        """Record a chat request and find its answer; returns its number too."""
        with self._lock:
            self.requests.append(request)
            number = next(self._numbers)
            return number, self._refusal(request) or self._next(request)

    def _refusal(self, request: RecordedRequest) -> Fault | None:
        if self._api_key is not None:
            given = request.headers.get("authorization", "")
            if given != f"Bearer {self._api_key}":
                return Fault(status=401, message=f"Incorrect API key provided: {given[7:]}.")
        for name in self._refuse:
            if name in request.body:
                return Fault(status=400, message=f"Unsupported parameter: {name!r}.")
        return None

    def _next(self, request: RecordedRequest) -> Reply | Fault:
        if self._replies is None:
            return Reply(text=f"You said: {request.body['messages'][-1].get('content')}")
        return self._replies(request) if callable(self._replies) else next(self._replies)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def _fake(self) -> LLMServer:
        owner: LLMServer = self.server.owner  # type: ignore[attr-defined]
        return owner

    def do_GET(self) -> None:
        request = self._read()
        self._fake.requests.append(request)
        if request.path != "/v1/models":
            self._send_json(404, error_body(f"Unknown path {request.path}", "not_found"))
            return
        models = [{"id": name, "object": "model", "owned_by": "fake"} for name in self._fake.models]
        self._send_json(200, {"object": "list", "data": models})

    def do_POST(self) -> None:
        request = self._read()
        if request.path != "/v1/chat/completions" or not isinstance(request.body, dict):
            self._send_json(404, error_body(f"Unknown path {request.path}", "not_found"))
            return
        number, answer = self._fake.answer(request)
        if isinstance(answer, Fault):
            self._send_fault(answer)
        elif request.body.get("stream"):
            self._send_stream(answer, request.body, number)
        else:
            self._send_plain(answer, request.body, number)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _read(self) -> RecordedRequest:
        headers = {name.lower(): value for name, value in self.headers.items()}
        text = self.rfile.read(int(headers.get("content-length", 0)))
        return RecordedRequest(self.command, self.path, headers, json.loads(text) if text else None)

    def _wait(self, seconds: float) -> None:
        if seconds:
            self._fake.stopping.wait(seconds)

    def _send_fault(self, fault: Fault) -> None:
        self._wait(fault.hang_s)
        if self._fake.stopping.is_set():
            self.close_connection = True
            return
        headers = {"content-type": fault.content_type}
        if fault.retry_after_s is not None:
            headers["retry-after"] = f"{fault.retry_after_s:g}"
        body = fault.body
        if body is None:
            body = json.dumps(error_body(fault.message, "fake_error"))
        content = body.encode(errors="surrogateescape")
        self._send(fault.status, headers, content, fault.cut_after)

    def _send_plain(self, reply: Reply, request: Mapping[str, Any], number: int) -> None:
        self._wait(reply.chunk_delay_s)
        body = json.dumps(completion_of(reply, request, number)).encode()
        self._send(200, {"content-type": "application/json"}, body, reply.cut_after)

    def _send_stream(self, reply: Reply, request: Mapping[str, Any], number: int) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for sent, chunk in enumerate(chunks_of(reply, request, number)):
            if sent == reply.cut_after:
                self.close_connection = True
                return
            self._wait(reply.chunk_delay_s)
            self._send_event(json.dumps(chunk))
        if reply.done:
            self._send_event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _send_event(self, data: str) -> None:
        event = f"data: {data}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))

    def _send_json(self, status: int, value: Any) -> None:
        self._send(status, {"content-type": "application/json"}, json.dumps(value).encode())

    def _send(
        self, status: int, headers: Mapping[str, str], body: bytes, cut_after: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut_after])
        self.close_connection = self.close_connection or cut_after is not None
