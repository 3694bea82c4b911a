"""The writer thread: redact, encode, commit; then, in a second pass, add up."""

import logging
import math
import threading
import time
from collections.abc import Callable
from pathlib import Path

from agentglass.errors import AgentglassError
from agentglass.plugins import load_object
from agentglass.record.live import LiveSpan
from agentglass.record.prepare import Preparer
from agentglass.record.queue import Barrier, SpanQueue
from agentglass.redact import Limits, RedactionPolicy, Redactor
from agentglass.spans import Gap, Processor, Resource, Span, TraceStore
from agentglass.store import open_store

__all__ = ["Writer"]

_logger = logging.getLogger("agentglass")

BATCH_SPANS = 500
GATHER_S = 0.02
"""How long a batch may grow; with the commit this keeps the lag under 50 ms."""
OPEN_AFTER_NS = 1_000_000_000
"""A span that is open longer than this is stored as open."""
LEASE_TICK_S = 10.0
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
    ) -> None:
        self._queue = queue
        self._open_spans = open_spans
        self._given_store = store
        self._store = store
        self._home = home
        self._now_ns = now_ns
        self._resource = resource
        self._policy, self._limits, self._processors = policy, limits, processors
        self._preparer: Preparer | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._failing_since = 0.0
        self._ended_roots: dict[str, None] = {}
        self._covered_ns = now_ns()
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
        path = getattr(self._store, "path", None)
        return None if path is None else str(path)

    def lag_ms(self) -> float:
        """Return how old the oldest record is that may not be stored yet."""
        return max(0.0, (self._now_ns() - self._covered_ns) / 1e6)

    def open_store(self) -> TraceStore:
        """Return the store, opened on first use; what did not work is said then."""
        with self._lock:
            if self._store is None:
                opened = open_store(self._home)
                for notice in opened.notices:
                    _logger.warning("%s", notice)
                self._store = opened.store
            return self._store

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
            left = len(self._queue)
            _logger.warning("the store did not answer in time: %d spans or more are lost", left)
            return
        self._thread = None
        self._stopping.clear()
        if len(self._queue):
            self._ensure_thread()

    # -- the thread ----------------------------------------------------------------------------

    def _ensure_thread(self) -> None:
        if self._thread is None:
            with self._lock:
                self._start_thread()

    def _start_thread(self) -> None:
        if self._thread is None:
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
        began_ns = self._now_ns()
        while True:
            spans, barriers = self._queue.take(BATCH_SPANS)
            if not spans and not barriers:
                break
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
        self._covered_ns = began_ns
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
        while True:
            try:
                self.open_store().write(records, gaps)
            except AgentglassError as error:
                if not self._failing_since:
                    _logger.warning("spans cannot be stored at the moment: %s", error)
                    self._failing_since = time.monotonic()
            except Exception:  # noqa: BLE001
                # Not the store but something in a record: find it, and keep the others.
                return self._commit_apart(records, gaps)
            else:
                if self._failing_since:
                    _logger.warning("spans are stored again")
                    self._failing_since = 0.0
                return 0
            if self._stopping.is_set() and attempt:
                return len(records)
            self._stopping.wait(_RETRY_S[min(attempt, len(_RETRY_S) - 1)])
            attempt += 1

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
        if not ended_roots or self._store is None:
            return
        try:
            self._store.roll_up(ended_roots)
        except AgentglassError as error:
            _logger.debug("roll-ups are left to the next reader: %s", error)

    def _tick(self) -> None:
        """Store what has been open for long, and renew the lease of this process."""
        now = time.monotonic()
        if now < self._next_tick:
            return
        self._next_tick = now + 1.0
        horizon = self._now_ns() - OPEN_AFTER_NS
        waiting = [s for s in list(self._open_spans) if not s.stored and s.start_ns < horizon]
        if waiting:
            self._keep(waiting, [], counted=0)
        if self._store is not None:
            try:
                self._store.renew_lease()
            except AgentglassError as error:
                _logger.debug("the lease was not renewed: %s", error)

    def _end(self) -> None:
        self._queue.leave()
        if self._failing_since:
            _logger.warning("%d spans could not be stored", self.given_up)
        if self._store is not None:
            try:
                self._store.release_lease()
            except AgentglassError as error:
                _logger.debug("the lease was not released: %s", error)
