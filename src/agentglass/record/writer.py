"""The writer thread: redact, encode, commit; then, in a second pass, add up."""

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from agentglass.errors import AgentglassError, StoreError, StoreLostError
from agentglass.plugins import load_object
from agentglass.record.live import LiveSpan
from agentglass.record.place import Place
from agentglass.record.prepare import Preparer
from agentglass.record.queue import Barrier, SpanQueue
from agentglass.redact import Limits, RedactionPolicy, Redactor
from agentglass.spans import Gap, Processor, Resource, SinkAddress, Span, TraceStore

__all__ = ["Writer"]

_logger = logging.getLogger("agentglass")

BATCH_SPANS = 500
GATHER_S = 0.02
"""How long a batch may grow; with the commit this keeps the lag under 50 ms."""
OPEN_AFTER_NS = 1_000_000_000
"""A span that is open longer than this is stored as open."""
LEASE_TICK_S = 10.0
TEND_TICK_S = 0.05
"""How long the queue must be empty until more words are indexed."""
_THIS_RESOURCE = "agentglass.record.process:this_resource"
"""Loaded on the writer's thread: what it imports takes 15 ms."""
_LOOK_S = 0.25
_HOPE_S = 2.0
"""How long a flush waits for a store that refuses."""
_RETRY_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0)


class Writer:
    """Takes spans from the queue and keeps them; everything slow happens on its thread."""

    def __init__(
        self,
        queue: SpanQueue,
        open_spans: dict[LiveSpan, None],
        *,
        store: TraceStore | None,
        home: str | Path | None,
        policy: RedactionPolicy,
        limits: Limits,
        processors: tuple[Processor, ...],
        resource: Resource | None,
        now_ns: Callable[[], int],
        sinks: Sequence[SinkAddress] = (),
        max_store_bytes: int | None = None,
        on_stored: Callable[[bool], None] | None = None,
    ) -> None:
        self._queue = queue
        self._open_spans = open_spans
        self._place = Place(store, home, sinks)
        self._now_ns = now_ns
        self._max_store_bytes = max_store_bytes
        self._on_stored = on_stored
        self._resource = resource
        self._policy, self._limits, self._processors = policy, limits, processors
        self._preparer: Preparer | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._failing_since = 0.0
        self._ended_roots: dict[str, None] = {}
        self._has_more_to_tend = False
        self._in_hand_ns: int | None = None
        self._next_tick = 0.0
        self.stored = 0
        """Records taken from the queue that are in the store."""
        self.given_up = 0
        """Records taken from the queue that will never be."""
        queue.start_writer = self._ensure_thread

    # -- seen from outside ---------------------------------------------------------------------

    @property
    def store_path(self) -> str | None:
        """Where the record is kept."""
        return self._place.path

    def lag_ms(self) -> float:
        """Return how old the oldest record is that may not be stored yet."""
        oldest_ns = self._in_hand_ns or self._queue.oldest_ns()
        return 0.0 if oldest_ns is None else max(0.0, (self._now_ns() - oldest_ns) / 1e6)

    def open_store(self) -> TraceStore:
        """Return the store, opened on first use; what did not work is said then."""
        return self._place.open()

    def wait_until_stored(self, timeout_s: float | None) -> bool:
        """Wait until all that is in the queue now is stored.

        Returns:
            False after the timeout, or when the store has refused for some seconds: whoever waits
            for a receipt is better served with one that says so.
        """
        thread = self._thread
        if thread is None and not len(self._queue):
            return True
        if threading.current_thread() is thread:
            return False
        barrier = Barrier()
        self._queue.put_barrier(barrier)
        deadline = math.inf if timeout_s is None else time.monotonic() + timeout_s
        while not barrier.wait(max(0.0, min(deadline - time.monotonic(), _LOOK_S))):
            is_failing = self._failing_since and time.monotonic() > self._failing_since + _HOPE_S
            if time.monotonic() >= deadline or is_failing:
                return False
        return True

    def stop(self, timeout_s: float) -> None:
        """End the thread after what is in the queue; a span that comes later starts a new one."""
        thread = self._thread
        if thread is None:
            return
        self._stopping.set()
        self._queue.hurry()
        thread.join(timeout_s)
        if thread.is_alive():
            # Without any it only adds up: who reads next does that.
            if left := self._queue.accepted - self.stored - self.given_up:
                _logger.warning("the store did not answer in time: %d spans or more are lost", left)
            return
        self._thread = None
        self._stopping.clear()
        if len(self._queue):
            self._ensure_thread()

    # -- the thread ----------------------------------------------------------------------------

    def _ensure_thread(self) -> None:
        if not self._is_running():
            with self._lock:
                self._start_thread()

    def _is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _start_thread(self) -> None:
        if not self._is_running():
            self._stopping.clear()
            thread = threading.Thread(target=self._run, name="agentglass-writer", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # The interpreter is shutting down: nobody can store anything any more.
                _logger.debug("no writer thread could be started")
            else:
                self._thread = thread

    def _run(self) -> None:
        is_over = False
        while not is_over:
            is_stopping = self._stopping.is_set()
            tick = 1.0 if self._open_spans else LEASE_TICK_S
            tick = TEND_TICK_S if self._has_more_to_tend else tick
            has_work = self._queue.wait(0.0 if is_stopping else tick)
            is_over = is_stopping and not has_work
            try:
                if has_work:
                    if not is_stopping:
                        self._queue.gather(GATHER_S)
                    self._drain()
                if is_over:
                    self._end()
                else:
                    self._tick()
            except Exception:
                # A fault of ours: it must neither end the record nor hold up who waits for it.
                _logger.exception("the recorder has a fault; please report it")

    def _drain(self) -> None:
        self._in_hand_ns = self._queue.oldest_ns()
        while True:
            spans, barriers = self._queue.take(BATCH_SPANS)
            if not spans and not barriers:
                break
            if spans:
                self._in_hand_ns = spans[0].end_ns or spans[0].start_ns
            gaps = self._queue.take_gaps()
            try:
                if spans or gaps:
                    self._keep(spans, gaps, counted=len(spans))
            except Exception:
                self.given_up += len(spans)
                for span in spans:
                    self._queue.note_gap(span, "the recorder has a fault")
                raise
            finally:
                for barrier in barriers:
                    barrier.set()
        if gaps := self._queue.take_gaps():
            self._keep([], gaps, counted=0)
        self._in_hand_ns = None
        self._second_pass()

    def _keep(self, spans: list[LiveSpan], gaps: list[Gap], *, counted: int) -> None:
        records, failed = self._prepared(spans)
        gaps += [
            Gap(span.trace_id, None, span.start_ns, 1, "recording it failed") for span in failed
        ]
        if not records and not gaps:
            self.stored += counted
            return
        lost = self._commit(records, gaps) + len(failed)
        self.stored += max(0, counted - lost)
        self.given_up += min(counted, lost)
        if lost < counted or not counted:
            self._ended_roots.update(
                dict.fromkeys(r.trace_id for r in records if r.trace is not None and r.end_ns)
            )

    def _prepared(self, spans: list[LiveSpan]) -> tuple[list[Span], list[LiveSpan]]:
        if self._preparer is None:
            self._preparer = Preparer(
                Redactor(self._policy, self._limits),
                self._processors,
                load_object(_THIS_RESOURCE, feature="recording")(self._resource),
            )
        return self._preparer.prepare(spans)

    def _commit(self, records: list[Span], gaps: list[Gap]) -> int:
        """Write until the store takes it, or the process ends; returns how many were given up."""
        attempt = 0
        above: list[Span] = []
        while True:
            try:
                self.open_store().write([*above, *records], gaps)
            except StoreError as error:
                is_last = self._stopping.is_set() and attempt > 0
                if self._place.move(error, is_last=is_last):
                    above = self._open_again()
                    continue
                self._say_failing(error)
            except Exception:  # noqa: BLE001
                # Not the store but something in a record: find it, and keep the others.
                return self._commit_apart([*above, *records], gaps)
            else:
                self._say_working()
                return 0
            if is_last:
                return len(records)
            self._stopping.wait(_RETRY_S[min(attempt, len(_RETRY_S) - 1)])
            attempt += 1

    def _open_again(self) -> list[Span]:
        """Return what a new place must know of what the old one had: the spans that are open."""
        spans = [span for span in list(self._open_spans) if span.stored == 1]
        for span in spans:
            span.stored = 0
        return self._prepared(spans)[0]

    def _say_failing(self, error: StoreError) -> None:
        if not self._failing_since:
            _logger.warning("spans cannot be stored at the moment: %s", error)
            self._failing_since = time.monotonic()

    def _say_working(self) -> None:
        if self._failing_since:
            _logger.warning("spans are stored again")
            self._failing_since = 0.0

    def _commit_apart(self, records: list[Span], gaps: list[Gap]) -> int:
        if len(records) > 1:
            middle = len(records) // 2
            return self._commit(records[:middle], gaps) + self._commit(records[middle:], [])
        _logger.exception("a span could not be stored")
        lost = [Gap(r.trace_id, None, r.start_ns, 1, "storing it failed") for r in records]
        if records:
            self._commit([], gaps + lost)
        return len(records)

    def _second_pass(self) -> None:
        """Do what may be slow, behind the commits."""
        ended_roots, self._ended_roots = self._ended_roots, {}
        if self._place.store is None:
            return
        try:
            if ended_roots:
                self._place.store.roll_up(ended_roots)
            if self._on_stored is not None:
                self._on_stored(bool(ended_roots))
            self._tend(self._place.store)
        except StoreLostError as error:
            self._leave_lost(error)
        except AgentglassError as error:
            _logger.debug("roll-ups are left to the next reader: %s", error)

    def _leave_lost(self, error: StoreLostError) -> None:
        """Go on elsewhere if the file is gone: the next write would make a new one in silence.

        One that is only damaged may still take what comes, and says so itself if it does not.
        """
        if self._place.is_gone and self._place.move(error, is_last=False):
            self._commit(self._open_again(), [])

    def _tend(self, store: TraceStore) -> None:
        """Index a few words; what is left at the end of the process is left to who searches."""
        self._has_more_to_tend = False
        if not self._stopping.is_set():
            self._has_more_to_tend = store.tend(self._max_store_bytes)

    def _tick(self) -> None:
        """Store what has been open for long, and renew the lease of this process."""
        if self._has_more_to_tend:
            self._second_pass()
        now = time.monotonic()
        if now < self._next_tick:
            return
        self._next_tick = now + 1.0
        horizon = self._now_ns() - OPEN_AFTER_NS
        waiting = [s for s in list(self._open_spans) if not s.stored and s.start_ns < horizon]
        if waiting:
            self._keep(waiting, [], counted=0)
        if self._place.store is not None:
            try:
                self._place.store.renew_lease()
            except StoreLostError as error:
                self._leave_lost(error)
            except AgentglassError as error:
                _logger.debug("the lease was not renewed: %s", error)

    def _end(self) -> None:
        self._queue.leave()
        if self._failing_since:
            _logger.warning("%d spans could not be stored", self.given_up)
        if self._place.store is not None:
            try:
                self._place.store.release_lease()
            except AgentglassError as error:
                _logger.debug("the lease was not released: %s", error)
