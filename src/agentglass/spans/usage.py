"""Usage and cost of one model call."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any

__all__ = ["PICO_PER_USD", "Cost", "Usage"]

PICO_PER_USD = 10**12
"""The store counts in 1e-12 USD, so that one token of the cheapest model is still an integer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Token counts of one call, normalised. `None` means unknown, which is not zero.

    Buckets nest: `input_tokens` counts what was read from and written to a cache too, and
    `output_tokens` counts reasoning.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_5m_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    input_image_tokens: int | None = None
    output_image_tokens: int | None = None
    raw: Mapping[str, Any] | None = field(default=None, compare=False)
    """The provider's own record, as it came."""

    @property
    def total_tokens(self) -> int | None:
        """Input and output together; None when either is unknown."""
        if self.input_tokens is None or self.output_tokens is None:
            return None
        return self.input_tokens + self.output_tokens

    @property
    def cache_write_tokens(self) -> int | None:
        """Tokens written to a cache of either lifetime."""
        return _add(self.cache_write_5m_tokens, self.cache_write_1h_tokens)

    def __add__(self, other: "Usage") -> "Usage":
        """Accumulate two calls; a count that both leave open stays unknown."""
        sums: dict[str, Any] = {
            name: _add(getattr(self, name), getattr(other, name)) for name in COUNT_NAMES
        }
        return Usage(**sums)

    def to_dict(self) -> dict[str, Any]:
        """Return the known counts, and `raw` when there is one."""
        known: dict[str, Any] = {
            name: value for name in COUNT_NAMES if (value := getattr(self, name)) is not None
        }
        if self.raw is not None:
            known["raw"] = dict(self.raw)
        return known

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "Usage":
        """Read what `to_dict` wrote; names that are not known here are ignored."""
        known = {name: record[name] for name in COUNT_NAMES if name in record}
        return cls(**known, raw=record.get("raw"))


COUNT_NAMES: tuple[str, ...] = tuple(item.name for item in fields(Usage) if item.name != "raw")
"""The names of the counts of `Usage`, in order."""


def _add(first: int | None, second: int | None) -> int | None:
    if first is None:
        return second
    return first if second is None else first + second


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one call cost, and how that is known."""

    pico_usd: int
    """Total in 1e-12 USD."""
    source: str = "provider"
    """Who said so: `provider`, `override`, `catalogue`, `default` or `local`."""
    price: str | None = None
    """The row of the price table."""
    version: str | None = None
    tier: str | None = None
    date: str | None = None
    """ISO date for which the price was looked up."""

    @property
    def total_usd(self) -> Decimal:
        """The total in USD, exact."""
        return Decimal(self.pico_usd) / PICO_PER_USD

    @classmethod
    def from_usd(cls, total: Decimal | float | str, *, source: str = "provider") -> "Cost":
        """Make a cost of a total in USD, rounded to 1e-12 USD."""
        return cls(pico_usd=int((Decimal(str(total)) * PICO_PER_USD).to_integral()), source=source)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields that are set."""
        record = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value for name, value in record.items() if value is not None}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "Cost":
        """Read what `to_dict` wrote; names that are not known here are ignored."""
        return cls(**{item.name: record[item.name] for item in fields(cls) if item.name in record})
