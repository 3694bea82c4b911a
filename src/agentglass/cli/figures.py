"""Figures as people read them. Rounding happens here and nowhere else."""

import re
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from agentglass.errors import OptionError
from agentglass.spans import Totals, Usage

__all__ = [
    "format_bytes",
    "format_cost",
    "format_duration",
    "format_time",
    "format_tokens",
    "format_total_cost",
    "parse_bytes",
    "parse_since",
]

_LAST_NS = 2**63 - 1
_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def format_duration(duration_ns: int | None) -> str:
    """Return `850 µs`, `12 ms`, `1.24 s`, `3 min 05 s`; `…` for what is still running."""
    if duration_ns is None:
        return "…"
    if duration_ns < 1_000_000:
        return f"{duration_ns / 1e3:.0f} µs"
    if duration_ns < 1_000_000_000:
        return f"{duration_ns / 1e6:.0f} ms"
    seconds = duration_ns / 1e9
    if seconds < 60:
        return f"{seconds:.2f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"


def format_tokens(usage: Usage) -> str:
    """Return `1,200→350 tok`; a `?` stands for a count that is not known, nothing for none."""
    if usage.input_tokens is None and usage.output_tokens is None:
        return ""
    return f"{_count(usage.input_tokens)}→{_count(usage.output_tokens)} tok"


def format_cost(cost: Decimal) -> str:
    """Return a cost in USD with two digits, or with as many as make a small one visible."""
    if cost == 0:
        return "$0"
    if cost >= Decimal("0.01"):
        return f"${cost:.2f}" if cost >= 1 else f"${cost:.4f}"
    return f"${cost:.2g}" if cost < Decimal("0.000001") else f"${cost:.6f}"


def format_total_cost(totals: Totals) -> str:
    """Return the cost of a run; says when it is only a part, and empty without model calls."""
    if not totals.llm_calls and not totals.cost_pico_usd and not totals.unpriced_models:
        return ""
    if not totals.unpriced_models:
        return format_cost(totals.known_cost_usd)
    if totals.cost_pico_usd == 0:
        return "$?"
    return f"≥ {format_cost(totals.known_cost_usd)}"


def format_time(time_ns: int) -> str:
    """Return local time to the second."""
    return datetime.fromtimestamp(time_ns / 1e9, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def format_bytes(size: int) -> str:
    """Return `812 B`, `1.4 MB`."""
    number = float(size)
    for unit in ("B", "KB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    raise AssertionError("the last unit takes every number")


def parse_since(text: str, option: str = "--since") -> int:
    """Return the unix time in nanoseconds that `2h`, `7d` or `2026-11-21[T10:00]` stands for.

    What lies before 1970, or too late for the store's 64 bits, becomes the nearest time it knows.

    Raises:
        OptionError: It is neither an age nor a date.
    """
    age = re.fullmatch(r"(\d{1,6})([smhdw])", text.strip())
    if age is not None:
        seconds = timedelta(**{_UNITS[age[2]]: int(age[1])}).total_seconds()
        return _clamp(time.time() - seconds)
    try:
        return _clamp(datetime.fromisoformat(text.strip()).timestamp())
    except ValueError:
        raise OptionError(
            f"{option} is {text!r}. Expected an age such as 30m, 2h, 7d, or a date such as "
            "2026-11-21 or 2026-11-21T10:00."
        ) from None


def parse_bytes(text: str) -> int:
    """Return the size that `800KB`, `500 MB` or `1.5GB` stands for; a bare number counts bytes.

    Raises:
        OptionError: It is no size.
    """
    size = re.fullmatch(r"(\d{1,12}(?:\.\d{1,3})?)\s*([KMGT]?B)?", text.strip().upper())
    if size is None:
        raise OptionError(f"{text!r} is no size. Expected one such as 500MB or 2GB.")
    return int(float(size[1]) * _BYTES[size[2] or "B"])


def _clamp(seconds: float) -> int:
    return min(max(int(seconds * 1e9), 0), _LAST_NS)


def _count(tokens: int | None) -> str:
    return "?" if tokens is None else f"{tokens:,}"
