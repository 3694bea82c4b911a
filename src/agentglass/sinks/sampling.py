"""Sampling, decided where a trace leaves: the local record is whole, a sink may get a part of it."""

from collections.abc import Sequence
from dataclasses import replace

from agentglass.errors import OptionError
from agentglass.spans import Delivered, Delivery, Sink, SinkAddress, Trace

__all__ = ["Sampled"]

_RANDOM_DIGITS = 14
"""The last 56 bits of a trace id are random (https://www.w3.org/TR/trace-context-2/#random-trace-id-flag)."""


class Sampled:
    """A sink that gets some of the traces: a share of all, and all that stand out.

    The share is decided by the trace id, as samplers of OpenTelemetry decide it, so that every
    process and every sink with the same ratio keeps the same traces. A trace that is sent before it
    has ended is judged by what is known, and again when it has ended.

    Args:
        sink: Who gets them.
        ratio: The share of all traces, from 0 to 1.
        keep_errors: Keep every trace with an error in any of its spans.
        keep_slower_than_s: Keep every trace that took longer.
        keep_costlier_than_usd: Keep every trace of which more is known to have been spent.

    Raises:
        OptionError: The ratio is not a share.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        ratio: float = 1.0,
        keep_errors: bool = True,
        keep_slower_than_s: float | None = None,
        keep_costlier_than_usd: float | None = None,
    ) -> None:
        if not 0 <= ratio <= 1:
            raise OptionError(f"The ratio of a sample is {ratio!r}. Expected a number from 0 to 1.")
        self.name = sink.name
        self._sink = sink
        self._first_kept = round((1 - ratio) * 16**_RANDOM_DIGITS)
        self._keep_errors = keep_errors
        self._slower_than_s = keep_slower_than_s
        self._costlier_than_usd = keep_costlier_than_usd
        address: SinkAddress = getattr(sink, "address", None) or SinkAddress(sink.name)
        sample = {
            "ratio": ratio,
            "keep_errors": keep_errors,
            "keep_slower_than_s": keep_slower_than_s,
            "keep_costlier_than_usd": keep_costlier_than_usd,
        }
        again = None if address.options is None else {**address.options, "sample": sample}
        self.address = replace(address, options=again)

    def deliver(self, batch: Sequence[Trace]) -> Delivery:
        """Send those that are kept; the others count as delivered."""
        kept = [trace for trace in batch if self.keeps(trace)]
        return self._sink.deliver(kept) if kept else Delivered()

    def close(self) -> None:
        """Close the sink."""
        self._sink.close()

    def keeps(self, trace: Trace) -> bool:
        """Tell whether the sink gets a trace."""
        run = trace.summary
        duration_ns, limit_s, limit_usd = (
            run.duration_ns,
            self._slower_than_s,
            self._costlier_than_usd,
        )
        return (
            int(run.trace_id[-_RANDOM_DIGITS:], 16) >= self._first_kept
            or (self._keep_errors and run.totals.errors > 0)
            or (limit_s is not None and duration_ns is not None and duration_ns / 1e9 > limit_s)
            or (limit_usd is not None and run.totals.known_cost_usd > limit_usd)
        )
