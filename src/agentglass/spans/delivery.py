"""What lies between a store and a sink: whose queue it is, and what is taken from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

__all__ = ["SUSPECT_ATTEMPTS", "Claim", "Outbox", "SinkAddress"]

SUSPECT_ATTEMPTS = 3
"""A trace that was tried so often in vain is sent alone: the fault may be its own."""


@dataclass(frozen=True, slots=True)
class SinkAddress:
    """Tells one sink from every other, in this process and in the next. Kept in the store."""

    kind: str
    """The name that opens it: a key of `agentglass.sinks.SINKS`, or an entry point."""
    target: str = ""
    """Where it sends, as a URL or a directory; without credentials."""
    account: str = ""
    """Tells apart programs that send to one target on different accounts; not a credential."""
    options: Mapping[str, Any] | None = field(default=None, compare=False)
    """What `open_sink` opens it again with, as JSON; without credentials. None: only its program can."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One trace of an outbox, held by one sender for a while."""

    trace_id: str
    sent_seq: int
    """Up to where the sink has the trace."""
    wanted_seq: int
    """Up to where it should."""
    attempts: int
    """How often it was tried in vain."""


class Outbox(Protocol):
    """The traces that one sink has yet to get, shared with every process that feeds that sink."""

    def claim(self, max_traces: int, max_spans: int) -> list[Claim]:
        """Take some of the traces that are due; nobody else is given them meanwhile.

        A trace that has failed several times comes alone, so that it cannot hold up others.
        """
        ...

    def hold(self, claims: Sequence[Claim]) -> None:
        """Say that these are still being worked on."""
        ...

    def confirm(self, claims: Sequence[Claim]) -> int:
        """Note that the sink has these; returns how many spans that were news to it."""
        ...

    def put_off(self, claims: Sequence[Claim], wait_s: float, reason: str) -> None:
        """Give these back for later, one failure richer."""
        ...

    def bury(self, claims: Sequence[Claim], reason: str) -> None:
        """Note that the sink will never take these: dead letters."""
        ...

    def make_due(self, *, retries: bool) -> None:
        """Let nothing wait any longer: not for more of its run, nor, with `retries`, after a failure."""
        ...

    def next_due_s(self) -> float | None:
        """Return in how many seconds something is due; None when nothing waits."""
        ...

    def release(self) -> None:
        """Say that this sender claims nothing more."""
        ...
