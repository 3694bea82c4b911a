"""How long a server asks to wait before the next request, whatever library reports it."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

__all__ = ["retry_after_s"]

_ATTRIBUTES = ("retry_after_s", "retry_after")


def retry_after_s(error: BaseException) -> float | None:
    """Return the seconds that an exception, or what it was caused by, asks to wait.

    Looks for an attribute `retry_after`, and for `response.headers` as the exceptions of openai,
    httpx and requests have them; the header holds seconds or a date (RFC 9110, 10.2.3).
    """
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        for value in _candidates(current):
            seconds = _seconds(value)
            if seconds is not None:
                return seconds
        current = current.__cause__ or current.__context__
    return None


def _candidates(error: BaseException) -> list[Any]:
    own = [getattr(error, name, None) for name in _ATTRIBUTES]
    headers = getattr(getattr(error, "response", None), "headers", None)
    return [*own, _header(headers)] if headers is not None else own


def _header(headers: Any) -> Any:
    if not isinstance(headers, Mapping):
        return None
    return next((headers[name] for name in headers if str(name).lower() == "retry-after"), None)


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except ValueError:
        return _until(str(value))
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _until(value: str) -> float | None:
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
