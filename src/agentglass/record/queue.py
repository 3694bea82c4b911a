"""The bounded queue between the program and the writer."""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable

from agentglass.record.live import LiveSpan
from agentglass.record.wake import Wake
from agentglass.spans import Gap

__all__ = ["Barrier", "SpanQueue"]

_SPAN_BYTES = 600
"""What a span takes besides its contents."""
_RESERVE = 2
"""How many times the bounds are open to roots, and to spans that the store holds as open."""


def _nobody() -> None:
    """Stand for a writer until there is one."""


class Barrier(threading.Event):
    """Set by the writer when everything before it is stored, or has failed to be."""


class SpanQueue:
    """Spans on their way to the writer.

    `put` takes no lock: a deque's append is atomic, and the byte counters have one writer each
    side (an augmented assignment of a slot is not interrupted between its load and its store).
    """

    def __init__(self, max_spans: int, max_bytes: int, wait_ms: int) -> None:
        self._items: deque[LiveSpan | Barrier] = deque()
        self._max_spans = max_spans
        self._max_bytes = max_bytes
        self._wait_ms = wait_ms
        self._bytes_in = 0
        self._bytes_out = 0
        self._idle = True
        self._wake = Wake()
        self._hurry = Wake()
        self._gap_lock = threading.Lock()
        self._gaps: dict[tuple[str, str], Gap] = {}
        self.accepted = 0
        self.dropped = 0
        self.start_writer: Callable[[], None] = _nobody
        """Called when something arrives while nobody waits for it."""

    def put(self, span: LiveSpan) -> None:
        """Hand over a span; drops and counts it when the queue stays full."""
        items = self._items
        if (
            len(items) >= self._max_spans
            or self._bytes_in - self._bytes_out + span.size_bytes > self._max_bytes
        ) and not self._wait_for_room(span):
            return
        self._bytes_in += span.size_bytes + _SPAN_BYTES
        self.accepted += 1
        items.append(span)
        if self._idle:
            self._rouse()

    def put_barrier(self, barrier: Barrier) -> None:
        """Ask the writer to say when it has come to this point."""
        self._items.append(barrier)
        self.hurry()

    def hurry(self) -> None:
        """Make the writer start at once instead of gathering a batch."""
        self._hurry.set()
        self._rouse()

    def take(self, limit: int) -> tuple[list[LiveSpan], list[Barrier]]:
        """Return up to `limit` spans and the barriers that stood behind them."""
        spans: list[LiveSpan] = []
        barriers: list[Barrier] = []
        items = self._items
        while items and len(spans) < limit:
            item = items.popleft()
            if isinstance(item, Barrier):
                barriers.append(item)
                continue
            if barriers:
                items.appendleft(item)
                break
            self._bytes_out += item.size_bytes + _SPAN_BYTES
            spans.append(item)
        if not items:
            self._bytes_out = self._bytes_in
        return spans, barriers

    def wait(self, timeout_s: float) -> bool:
        """Sleep until there is something to take; False after the timeout."""
        if self._items:
            return True
        self._wake.clear()
        self._idle = True
        if self._items:
            self._idle = False
            return True
        self._wake.wait(timeout_s)
        self._idle = False
        return bool(self._items)

    def leave(self) -> None:
        """Stop listening: whatever comes next has to start a writer."""
        self._idle = True

    def gather(self, seconds: float) -> None:
        """Let a batch grow, unless somebody is in a hurry."""
        self._hurry.wait(seconds)

    def take_gaps(self) -> list[Gap]:
        """Return what was dropped since the last call."""
        if not self._gaps:
            return []
        with self._gap_lock:
            gaps = list(self._gaps.values())
            self._gaps.clear()
        return gaps

    def drop(self, span: LiveSpan, reason: str) -> None:
        """Count a span that will not be stored and leave a gap record in its trace."""
        with self._gap_lock:
            self.dropped += 1
        self.note_gap(span, reason)
        if self._idle:
            self._rouse()

    def note_gap(self, span: LiveSpan, reason: str) -> None:
        """Leave a gap record in the trace of a span."""
        now_ns = span.recorder.now_ns()
        with self._gap_lock:
            known = self._gaps.get((span.trace_id, reason))
            count = 1 if known is None else known.count + 1
            self._gaps[span.trace_id, reason] = Gap(span.trace_id, None, now_ns, count, reason)

    def oldest_ns(self) -> int | None:
        """Return when the span that waits longest was handed over; None when none waits."""
        waiting = (item for item in self._items.copy() if not isinstance(item, Barrier))
        return next((span.end_ns or span.start_ns for span in waiting), None)

    def __len__(self) -> int:
        return len(self._items)

    def _rouse(self) -> None:
        self._idle = False
        self._wake.set()
        self.start_writer()

    def _wait_for_room(self, span: LiveSpan) -> bool:
        deadline = time.monotonic() + self._patience_ms() / 1000
        self._hurry.set()
        while not self._has_room(span, 1):
            if time.monotonic() >= deadline:
                # A run that the store has never heard of, or holds as open, must not stay so.
                is_needed = span.parent is None or span.stored == 1
                if is_needed and self._has_room(span, _RESERVE):
                    return True
                self.drop(span, "the queue was full")
                return False
            time.sleep(0.001)
        return True

    def _has_room(self, span: LiveSpan, times: int) -> bool:
        in_bytes = self._bytes_in - self._bytes_out
        return len(self._items) < times * self._max_spans and (
            in_bytes + span.size_bytes <= times * self._max_bytes or in_bytes <= 0
        )

    def _patience_ms(self) -> int:
        """Return how long a caller may wait: not at all on a thread that runs an event loop."""
        asyncio = sys.modules.get("asyncio")
        in_loop = asyncio is not None and asyncio._get_running_loop() is not None
        return 0 if in_loop else self._wait_ms
