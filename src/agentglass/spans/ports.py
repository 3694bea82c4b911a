"""What the floors above agree on: processors, sinks and stores."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from agentglass.spans.delivery import Outbox, SinkAddress
from agentglass.spans.span import Span, SpanKey
from agentglass.spans.trace import Gap, Page, Totals, Trace, TraceFilter

__all__ = [
    "Delivered",
    "Delivery",
    "Processor",
    "Rejected",
    "Retry",
    "Sink",
    "TraceStore",
]


@dataclass(frozen=True, slots=True)
class Delivered:
    """The destination has the whole batch."""


@dataclass(frozen=True, slots=True)
class Retry:
    """The destination has nothing of it; try again later."""

    reason: str
    after_s: float | None = None
    """What the destination asked for; None leaves it to the sender."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The destination will never take these spans; it has the others."""

    keys: frozenset[SpanKey]
    reason: str


Delivery = Delivered | Retry | Rejected


class Processor(Protocol):
    """A function on a span, applied before anything is stored or sent."""

    def __call__(self, span: Span) -> Span | None:
        """Return the span to keep, or None to keep none."""
        ...


class Sink(Protocol):
    """A destination of spans.

    Delivery is at least once: a sink must take the same (trace id, span id) again without harm.
    A sink with an attribute `address`, a `SinkAddress`, is told from others of its name, and
    `agentglass push` can open it again.
    """

    name: str
    """What `agentglass sinks` calls it."""

    def deliver(self, batch: Sequence[Trace]) -> Delivery:
        """Send traces; called from one thread, may block, must not raise for an outage.

        Whoever cannot say which spans of a batch are at fault rejects them all: the batch is then
        tried in halves, down to single traces.
        """
        ...

    def close(self) -> None:
        """Let go of connections and files; a batch that comes later opens them again."""
        ...


class TraceStore(Protocol):
    """Keeps spans and answers questions about them."""

    def write(self, spans: Iterable[Span], gaps: Iterable[Gap] = ()) -> int:
        """Upsert spans and add gap records in one transaction; returns the highest seq given.

        A span whose `trace` is set carries the facts of its trace: tags, session, counter.
        """
        ...

    def roll_up(self, trace_ids: Iterable[str]) -> None:
        """Add up traces again whose spans have changed."""
        ...

    def tend(self, max_bytes: int | None = None) -> bool:
        """Do a small piece of the work that may wait, as indexing words; False when all is done.

        Args:
            max_bytes: Old runs go where the store holds more; those that a sink has yet to get go
                last, and leave a gap record.
        """
        ...

    def outbox(self, address: SinkAddress) -> Outbox:
        """Have what this object writes from now on sent to a sink too; returns the sink's queue.

        What it writes is queued in the same transaction.
        """
        ...

    def renew_lease(self) -> None:
        """Say that this process is alive; cheap to call often."""
        ...

    def release_lease(self) -> None:
        """Say that this process records nothing more; spans it left open end as `ProcessDied`."""
        ...

    def get_trace(self, trace_id: str) -> Trace | None:
        """Return one trace, its spans not read yet; None when there is none."""
        ...

    def find(
        self, query: TraceFilter | None = None, *, limit: int = 50, cursor: str | None = None
    ) -> Page:
        """Return traces, latest first."""
        ...

    def totals(self, query: TraceFilter | None = None) -> Totals:
        """Return sums over the traces that match."""
        ...

    def delete(self, trace_ids: Iterable[str]) -> int:
        """Delete whole traces; returns how many there were."""
        ...

    def stats(self) -> Mapping[str, int]:
        """Return counts for `agentglass doctor`: traces, spans, bytes."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...
