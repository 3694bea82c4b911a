"""What `agentglass push` does: one courier a sink, one sink after the other."""

import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass

from agentglass.cli.progress import Progress
from agentglass.cli.stores import StoredSink
from agentglass.cli.terminal import complain, is_interactive, print_json, print_text, visible
from agentglass.errors import AgentglassError
from agentglass.record.courier import Courier
from agentglass.sinks import reopen_sink
from agentglass.spans import Outbox
from agentglass.store.sink_states import SinkState

__all__ = ["push_and_print"]

_LOOK_S = 0.5
"""How soon to look again for what another process has in hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What came of one sink."""

    kind: str
    target: str
    spans_sent: int
    pending: int
    """Runs that still wait."""
    refused: int
    """Runs that it will never take, of those that were sent now."""

    @property
    def is_done(self) -> bool:
        """Whether the sink has all that waited."""
        return not (self.pending or self.refused)


def push_and_print(sinks: list[StoredSink], *, once: bool, as_json: bool) -> bool:
    """Send what waits and say what came of it; returns whether every sink has got all.

    Args:
        sinks: Where to.
        once: Try everything once; otherwise go on until nothing waits.
        as_json: Print one list for a script.
    """
    pushed = [_push(each, once=once) for each in sinks]
    if as_json:
        print_json([asdict(each) for each in pushed])
    else:
        print_text("\n".join(map(_line, pushed)) or "No sinks: no program has recorded for one.")
    return all(each.is_done for each in pushed)


def _push(each: StoredSink, *, once: bool) -> Pushed:
    sent = _send(each, once=once) if each.state.pending else 0
    after = _state(each)
    return Pushed(
        kind=each.state.address.kind,
        target=each.state.address.target,
        spans_sent=sent,
        pending=after.pending,
        refused=max(0, after.dead - each.state.dead),
    )


def _send(each: StoredSink, *, once: bool) -> int:
    try:
        sink = reopen_sink(each.state.address)
    except AgentglassError as error:
        complain(f"Error: {error}")
        return 0
    courier = Courier(sink, say=lambda line: complain(f"Warning: {line}"))
    outbox = each.store.outbox(each.state.address)
    name = visible(f"{each.state.address.kind} {each.state.address.target}".strip())

    def describe() -> str:
        return f"sending to {name}: {courier.delivered:,} spans"

    try:
        with Progress(describe) if is_interactive() else nullcontext():
            _send_all(each, courier, outbox, once=once)
    finally:
        outbox.release()
        sink.close()
    return courier.delivered


def _send_all(each: StoredSink, courier: Courier, outbox: Outbox, *, once: bool) -> None:
    # Whoever pushes does not want to wait for what failed before.
    outbox.make_due(retries=True)
    while True:
        courier.send_due(each.store, outbox, lambda: False)
        if once or not _state(each).pending:
            return
        time.sleep(max(courier.breaker.wait_s(), min(outbox.next_due_s() or 0.0, _LOOK_S)))


def _state(each: StoredSink) -> SinkState:
    return next(state for state in each.store.sinks() if state.id == each.state.id)


def _line(pushed: Pushed) -> str:
    parts = [f"{pushed.spans_sent:,} spans sent"]
    if pushed.pending:
        parts.append(f"{pushed.pending:,} runs still wait")
    if pushed.refused:
        parts.append(f"{pushed.refused:,} runs refused for good: agentglass sinks")
    return visible(f"{pushed.kind} {pushed.target}".strip()) + f": {', '.join(parts)}"
