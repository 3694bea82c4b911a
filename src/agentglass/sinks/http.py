"""The sink `http`: posts traces as gzip JSON to any URL."""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from agentglass.errors import OptionError
from agentglass.sinks.http_answers import delivery_of
from agentglass.sinks.http_client import HttpClient, HttpFault
from agentglass.sinks.trace_json import encode_traces
from agentglass.spans import Delivered, Delivery, Retry, SinkAddress, Trace

__all__ = ["HttpSink", "account_of"]

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")


def account_of(headers: Mapping[str, str]) -> str:
    """Return 16 bits that tell the headers of one account from those of another.

    So few that they give nothing away: the store keeps them, and may not keep credentials.
    """
    if not headers:
        return ""
    text = json.dumps(sorted(headers.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:4]


class HttpSink:
    """Posts batches of traces; the same batch again replaces itself by (trace id, span id).

    Args:
        target: The URL.
        headers: What goes with each request, as credentials. Kept in memory only.
        headers_env: Header -> the environment variable that holds its value. The names are kept,
            so that `agentglass push` finds the value where the program found it.
        timeout_s: How long the server may be silent.

    Raises:
        OptionError: The URL or a header cannot be used, or an environment variable is not set.
    """

    name = "http"

    def __init__(
        self,
        target: str,
        headers: Mapping[str, str] | None = None,
        headers_env: Mapping[str, str] | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        variables = dict(headers_env or {})
        given = {**_read_variables(variables), **(headers or {})}
        for header, value in given.items():
            _check_header(header, value)
        self._client = HttpClient(target, timeout_s)
        self._secrets = tuple(value for value in given.values() if value)
        self._headers = {
            "content-type": "application/json",
            "content-encoding": "gzip",
            "user-agent": "agentglass",
            **{header.lower(): value for header, value in given.items()},
        }
        options = {"target": target, "headers_env": variables, "timeout_s": timeout_s}
        self.address = SinkAddress(self.name, target, account_of(given), options)

    def deliver(self, batch: Sequence[Trace]) -> Delivery:
        """Post a batch."""
        try:
            answer = self._client.post(encode_traces(batch), self._headers)
        except HttpFault as fault:
            return Retry(self._hide(str(fault)))
        delivery = delivery_of(answer, batch)
        if isinstance(delivery, Delivered):
            return delivery
        return replace(delivery, reason=self._hide(delivery.reason))

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def _hide(self, reason: str) -> str:
        """Take out what a server may have echoed: reasons are stored and shown."""
        for secret in self._secrets:
            reason = reason.replace(secret, "[REDACTED]")
        return reason


def _read_variables(variables: Mapping[str, str]) -> dict[str, str]:
    for header, variable in variables.items():
        if not os.environ.get(variable):
            raise OptionError(
                f"The environment variable {variable!r} is not set. The http sink needs it for"
                f" the header {header!r}."
            )
    return {header: os.environ[variable] for header, variable in variables.items()}


def _check_header(name: str, value: str) -> None:
    """Refuse what cannot be sent, now and without showing the value."""
    if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
        raise OptionError(
            f"The header {name!r} cannot be sent. Expected a name of letters, digits and dashes,"
            " and a value in printable Latin letters."
        )
