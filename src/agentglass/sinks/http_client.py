"""Posting over one connection that is kept open, with bounds on all that a server may do."""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

from agentglass.errors import OptionError, error_text

__all__ = ["Answer", "HttpClient", "HttpFault"]

MAX_ANSWER_BYTES = 64 * 1024
"""More of an answer is not read."""


class HttpFault(Exception):
    """No answer: the server was not reached, hung, hung up, or does not speak HTTP."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes
    """What could be read of it, within a bound."""


class HttpClient:
    """Posts to one URL. Redirects are not followed: headers go to nobody else.

    Args:
        url: An `http` or `https` address; without user and password, which belong in a header.
        timeout_s: How long the server may be silent.

    Raises:
        OptionError: The URL cannot be used.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = None
        if host is None or parts.scheme not in ("http", "https"):
            raise OptionError(f"The URL is {url!r}. Expected one as in https://host/path.")
        if parts.username or parts.password:
            raise OptionError(
                f"The URL of {host!r} holds a user or a password."
                " Give them in the header 'authorization'."
            )
        self._host, self._port = host, port
        self._is_secure = parts.scheme == "https"
        self._path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        self._timeout_s = timeout_s
        self._connection: HTTPConnection | None = None
        self._pid = 0

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post a body.

        Raises:
            HttpFault: There is no answer; the server may have got the body all the same.
        """
        is_fresh = not self._has_connection()
        try:
            return self._try_post(body, headers)
        except HttpFault:
            # A server closes connections that were idle; only a new one tells whether it is there.
            if is_fresh:
                raise
        return self._try_post(body, headers)

    def close(self) -> None:
        """Hang up."""
        if self._has_connection() and self._connection is not None:
            self._connection.close()
        self._connection = None

    def _has_connection(self) -> bool:
        """Tell whether a connection is open; one of a parent process is none of ours."""
        return self._connection is not None and self._pid == os.getpid()

    def _try_post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        try:
            if self._connection is None or not self._has_connection():
                self._connection = self._connect()
            self._connection.request("POST", self._path, body, dict(headers))
            response = self._connection.getresponse()
            return self._read(response)
        except (OSError, HTTPException, ValueError) as error:
            self.close()
            raise HttpFault(error_text(error)) from error

    def _connect(self) -> HTTPConnection:
        self._pid = os.getpid()
        if self._is_secure:
            context = ssl.create_default_context()
            return HTTPSConnection(self._host, self._port, timeout=self._timeout_s, context=context)
        return HTTPConnection(self._host, self._port, timeout=self._timeout_s)

    def _read(self, response: HTTPResponse) -> Answer:
        """Read an answer; its status stands even where its body breaks off."""
        try:
            body = response.read(MAX_ANSWER_BYTES)
            is_whole = not response.read(1)
        except (OSError, HTTPException, ValueError):
            body, is_whole = b"", False
        if not is_whole or response.will_close:
            self.close()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, body)
