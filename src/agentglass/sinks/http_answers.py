"""What an HTTP status means for a batch: one table for every sink that posts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from agentglass.sinks.http_client import Answer
from agentglass.spans import Delivered, Delivery, Rejected, Retry, Trace

__all__ = ["delivery_of", "reject_all", "retry_after_s"]

_REFUSALS: Mapping[int, str] = {
    400: "the server finds the request malformed",
    413: "it is too large for the server",
    422: "the server cannot use its contents",
}
"""Statuses that speak of the batch: sent again, it would be refused again."""
_EXCERPT_CHARS = 200


def delivery_of(answer: Answer, batch: Sequence[Trace]) -> Delivery:
    """Return what became of a batch that was posted.

    2xx is delivered, whatever the body. 400, 413 and 422 speak of the batch, which is then tried in
    halves. All else speaks of the server, the way to it or the credentials: nothing is given up
    for these. So does a redirect, because the headers go to no other address.
    """
    if 200 <= answer.status < 300:
        return Delivered()
    if answer.status in _REFUSALS:
        return reject_all(batch, f"{_REFUSALS[answer.status]} ({_describe(answer)})")
    return Retry(_describe(answer), retry_after_s(answer.headers))


def reject_all(batch: Sequence[Trace], reason: str) -> Rejected:
    """Refuse every span of a batch because it is not known which of them are at fault."""
    keys = frozenset(span.key for trace in batch for span in trace.iter_spans())
    return Rejected(keys, reason)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return how long the server asks to wait: seconds or a date (RFC 9110, 10.2.3)."""
    given = headers.get("retry-after", "").strip()
    if given.isascii() and given.isdecimal():
        return float(given[:9])
    try:
        until = parsedate_to_datetime(given)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _describe(answer: Answer) -> str:
    if 300 <= answer.status < 400:
        where = answer.headers.get("location", "an unknown place")
        return f"HTTP {answer.status}: it redirects to {where}; give that URL instead"
    text = " ".join(answer.body.decode(errors="replace").split())[:_EXCERPT_CHARS]
    return f"HTTP {answer.status}: {text}" if text else f"HTTP {answer.status}"
