"""Takes traces from the outbox of one sink to the sink, and notes what became of them."""

import logging
from collections.abc import Callable, Sequence

from agentglass.errors import error_text
from agentglass.record.breaker import Breaker
from agentglass.spans import (
    SUSPECT_ATTEMPTS,
    Claim,
    Delivered,
    Outbox,
    Rejected,
    Retry,
    Sink,
    SinkAddress,
    Trace,
    TraceStore,
)

__all__ = ["Courier", "address_of", "call_sink"]

_logger = logging.getLogger("agentglass")

BATCH_TRACES = 500
BATCH_SPANS = 5_000
_REASON_CHARS = 300

Errand = tuple[Claim, Trace]


def address_of(sink: Sink) -> SinkAddress:
    """Return what tells a sink from others; a sink without an address is told by its name."""
    address: SinkAddress = getattr(sink, "address", None) or SinkAddress(sink.name)
    return address


def call_sink(sink: Sink) -> str:
    """Return how messages call a sink."""
    target = address_of(sink).target
    return f"{sink.name} {target}" if target else sink.name


class Courier:
    """Works for one sink, on one thread.

    Args:
        sink: Where traces go.
        breaker: When to ask it again after a failure.
        say: Takes a line for the user: one when an outage begins, one when it ends.
    """

    def __init__(
        self,
        sink: Sink,
        breaker: Breaker | None = None,
        say: Callable[[str], None] = _logger.warning,
    ) -> None:
        self.sink = sink
        self.breaker = breaker or Breaker()
        self.delivered = 0
        """Spans that the sink has confirmed."""
        self._say = say

    def send_due(self, store: TraceStore, outbox: Outbox, is_stopping: Callable[[], bool]) -> bool:
        """Send what is due, batch by batch.

        Returns:
            Whether all of it was settled; False when the sink does not answer, or on stopping.
        """
        while not is_stopping():
            if self.breaker.wait_s():
                return False
            # A sink that has failed is asked with one trace.
            claims = outbox.claim(1 if self.breaker.is_failing else BATCH_TRACES, BATCH_SPANS)
            if not claims:
                return True
            self._send(outbox, self._read(store, outbox, claims))
        return False

    def _read(self, store: TraceStore, outbox: Outbox, claims: Sequence[Claim]) -> list[Errand]:
        found = [(claim, store.get_trace(claim.trace_id)) for claim in claims]
        if gone := [claim for claim, trace in found if trace is None]:
            outbox.confirm(gone)
        return [(claim, trace) for claim, trace in found if trace is not None]

    def _send(self, outbox: Outbox, errands: Sequence[Errand]) -> None:
        if not errands:
            return
        claims = [claim for claim, _ in errands]
        match self._ask([trace for _, trace in errands]):
            case Delivered():
                self._worked()
                self.delivered += outbox.confirm(claims)
            case Rejected() as answer:
                self._worked()
                self._reject(outbox, errands, answer)
            case Retry() as answer:
                self._put_off(outbox, claims, answer)
            case other:
                self._put_off(outbox, claims, Retry(f"it answered {other!r}"))

    def _ask(self, traces: Sequence[Trace]) -> object:
        try:
            return self.sink.deliver(traces)
        except Exception as error:
            _logger.debug("the sink %s has a fault", self.sink.name, exc_info=True)
            return Retry(error_text(error))

    def _put_off(self, outbox: Outbox, claims: Sequence[Claim], answer: Retry) -> None:
        reason = answer.reason.rstrip(".")[:_REASON_CHARS]
        attempts = max(claim.attempts for claim in claims)
        # What failed often and comes alone says nothing about a sink that takes everything else.
        if self.breaker.is_failing or attempts < SUSPECT_ATTEMPTS:
            self._failed(reason, answer.after_s)
        outbox.put_off(claims, self.breaker.pause_s(attempts, answer.after_s), reason)

    def _reject(self, outbox: Outbox, errands: Sequence[Errand], answer: Rejected) -> None:
        """Bury what was refused and confirm the rest; where all was refused, look for the cause."""
        named = {trace_id for trace_id, _ in answer.keys}
        refused = [claim for claim, _ in errands if claim.trace_id in named]
        if len(refused) == len(errands) > 1:
            middle = len(errands) // 2
            self._send_part(outbox, errands[:middle])
            self._send_part(outbox, errands[middle:])
            return
        taken = [claim for claim, _ in errands if claim.trace_id not in named]
        self.delivered += outbox.confirm(taken)
        outbox.bury(refused, answer.reason[:_REASON_CHARS])

    def _send_part(self, outbox: Outbox, errands: Sequence[Errand]) -> None:
        claims = [claim for claim, _ in errands]
        if wait_s := self.breaker.wait_s():
            outbox.put_off(claims, wait_s, "the sink stopped answering")
            return
        outbox.hold(claims)
        self._send(outbox, errands)

    def _failed(self, reason: str, after_s: float | None) -> None:
        if not self.breaker.is_failing:
            self._say(
                f"the sink {call_sink(self.sink)!r} takes no spans at the moment: {reason};"
                " they are kept and sent later"
            )
        self.breaker.failed(after_s)

    def _worked(self) -> None:
        if self.breaker.is_failing:
            self._say(
                f"the sink {call_sink(self.sink)!r} takes spans again,"
                f" after {self.breaker.failing_s:.0f} s"
            )
        self.breaker.worked()
