"""Figures of steps over many runs: counts, errors, percentiles of the duration, cost.

The histogram holds sums by hour. What each trace has added is kept beside it, so that it can be
taken out again when the trace changes or is deleted.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from agentglass.spans import PICO_PER_USD
from agentglass.store.shares import HOUR_NS, NOTHING, By, Key, Share, duration_of

__all__ = ["StepFigures", "add_figures", "forget", "put", "read_figures"]

_KEY = ", ".join(Key._fields)
_SUMS = ", ".join(Share._fields)
_MARKS = ", ".join("?" * (len(Key._fields) + len(Share._fields)))
_ADD = (
    f"INSERT INTO histogram ({_KEY}, {_SUMS}) VALUES ({_MARKS}) ON CONFLICT DO UPDATE SET "
    + ", ".join(f"{name} = {name} + excluded.{name}" for name in Share._fields)
)
_DROP = "DELETE FROM histogram WHERE steps = 0 AND " + " AND ".join(
    f"{name} = ?" for name in Key._fields
)


@dataclass(slots=True)
class StepFigures:
    """What is known of one step, workflow or model over many runs."""

    workflow: str
    """Empty where several are added up."""
    name: str
    type: str
    count: int = 0
    errors: int = 0
    cost_pico_usd: int = 0
    """The sum of the calls whose cost is known, in 1e-12 USD."""
    unpriced_calls: int = 0
    """Calls whose cost is unknown; when there are any the sum is partial."""
    buckets: dict[int, int] = field(default_factory=dict)
    """Number of a bucket of durations -> how many fell into it."""

    @property
    def known_cost_usd(self) -> Decimal:
        """The sum of the calls whose cost is known, in USD."""
        return Decimal(self.cost_pico_usd) / PICO_PER_USD

    @property
    def cost_usd(self) -> Decimal | None:
        """The whole cost in USD; None when the cost of any call is unknown."""
        return None if self.unpriced_calls else self.known_cost_usd

    def percentile_ns(self, share: float) -> int:
        """Return the duration that this share of the steps did not exceed, to 2.2 %."""
        wanted = share * self.count
        seen = 0
        for bucket, count in sorted(self.buckets.items()):
            seen += count
            if seen >= wanted:
                return duration_of(bucket)
        return 0

    def add(self, other: "StepFigures") -> None:
        """Count what another one has counted too."""
        self.count += other.count
        self.errors += other.errors
        self.cost_pico_usd += other.cost_pico_usd
        self.unpriced_calls += other.unpriced_calls
        for bucket, count in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count


def put(db: sqlite3.Connection, trace_id: str, shares: Mapping[Key, Share]) -> None:
    """Let a trace add these shares, instead of those it has added before; in a transaction."""
    before = _read_shares(db, trace_id)
    for key in before.keys() | shares.keys():
        change = shares.get(key, NOTHING).minus(before.get(key, NOTHING))
        if change != NOTHING:
            db.execute(_ADD, (*key, *change))
        if change.steps < 0:
            db.execute(_DROP, key)
    kept = json.dumps([(*key, *share) for key, share in shares.items()], ensure_ascii=False)
    db.execute("INSERT OR REPLACE INTO shares VALUES (?, ?)", (trace_id, kept))


def forget(db: sqlite3.Connection, trace_id: str) -> None:
    """Take out what a trace has added; in a transaction."""
    put(db, trace_id, {})
    db.execute("DELETE FROM shares WHERE trace_id = ?", (trace_id,))


def read_figures(db: sqlite3.Connection, by: By, since_ns: int | None) -> list[StepFigures]:
    """Return figures of what has started since the hour of `since_ns`, in no order."""
    rows = db.execute(
        "SELECT workflow, name, type, bucket, sum(steps) AS steps, sum(errors) AS errors,"
        " sum(cost_pico) AS cost_pico, sum(unpriced) AS unpriced"
        " FROM histogram WHERE subject = ? AND hour >= ? GROUP BY workflow, name, type, bucket",
        (by, (since_ns or 0) // HOUR_NS),
    ).fetchall()
    return add_figures(
        StepFigures(
            "" if by == "model" else row["workflow"],
            row["name"],
            row["type"],
            row["steps"],
            row["errors"],
            row["cost_pico"],
            row["unpriced"],
            {row["bucket"]: row["steps"]},
        )
        for row in rows
    )


def add_figures(parts: Iterable[StepFigures]) -> list[StepFigures]:
    """Put together what several stores, or several buckets, know of the same steps."""
    sums: dict[tuple[str, str, str], StepFigures] = {}
    for part in parts:
        key = (part.workflow, part.name, part.type)
        sums.setdefault(key, StepFigures(*key)).add(part)
    return list(sums.values())


def _read_shares(db: sqlite3.Connection, trace_id: str) -> dict[Key, Share]:
    row = db.execute("SELECT data FROM shares WHERE trace_id = ?", (trace_id,)).fetchone()
    width = len(Key._fields)
    return {
        Key(*each[:width]): Share(*each[width:])
        for each in json.loads(row["data"] if row else "[]")
    }
