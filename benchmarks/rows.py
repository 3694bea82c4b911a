"""One measured figure, as one line of JSON."""

import json
from dataclasses import asdict, dataclass
from math import ceil

__all__ = ["Row", "median", "percentile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A figure beside its budget and beside what somebody else needs for the same."""

    bench: str
    metric: str
    value: float
    unit: str
    budget: float | None = None
    """The value may be at most this."""
    peer: str | None = None
    peer_value: float | None = None
    """In the unit of `value`, from the same run."""
    ratio_budget: float | None = None
    """`value / peer_value` may be at most this."""
    note: str | None = None

    @property
    def ratio(self) -> float | None:
        """The value as a multiple of the peer's."""
        return self.value / self.peer_value if self.peer_value else None

    @property
    def met(self) -> bool | None:
        """Whether every budget holds; None where there is none."""
        pairs = ((self.value, self.budget), (self.ratio, self.ratio_budget))
        checks = [
            value <= limit for value, limit in pairs if value is not None and limit is not None
        ]
        return all(checks) if checks else None

    def to_json(self) -> str:
        """Return one line."""
        record = asdict(self) | {"ratio": self.ratio, "met": self.met}
        return json.dumps({name: _rounded(value) for name, value in record.items()})


def percentile(values: list[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]


def median(values: list[float]) -> float:
    """Return the 50th percentile."""
    return percentile(values, 0.5)


def _rounded(value: object) -> object:
    return float(f"{value:.4g}") if isinstance(value, float) else value
