"""The senders: one thread for each sink, fed by what is stored, never by the program itself."""

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agentglass.errors import AgentglassError, OptionError
from agentglass.plugins import load_object
from agentglass.record.courier import Courier, address_of, call_sink
from agentglass.spans import Outbox, Sink, TraceStore

__all__ = ["Sender", "Senders", "SinkSpec", "open_sinks"]

_logger = logging.getLogger("agentglass")

SinkSpec = Sink | str | tuple[str, Mapping[str, Any]]
"""A sink, the name of one, or its name and options."""

TICK_S = 5.0
"""How often a sender looks for what others left: runs that went quiet, programs that died."""
HOPE_S = 2.0
"""How long a flush waits for a sink that does not answer."""


def open_sinks(specs: Sequence[SinkSpec]) -> tuple[Sink, ...]:
    """Open the sinks that are named.

    Raises:
        OptionError: A name is unknown, or two sinks are the same.
        MissingExtraError: A sink needs a library that is not installed.
    """
    sinks = tuple(_open(spec) for spec in specs)
    seen = set()
    for sink in sinks:
        address = address_of(sink)
        if address in seen:
            raise OptionError(
                f"The sink {call_sink(sink)!r} was given twice. Give the same destination once."
            )
        seen.add(address)
    return sinks


def _open(spec: SinkSpec) -> Sink:
    if not isinstance(spec, str | tuple):
        return spec
    name, options = (spec, {}) if isinstance(spec, str) else spec
    open_sink = load_object("agentglass.sinks:open_sink", feature=f"The {name!r} sink")
    sink: Sink = open_sink(name, **options)
    return sink


class Sender:
    """Sends on a thread of its own.

    Args:
        sink: Where to.
        open_store: Returns the store that is written to now; another one after a failure.
    """

    def __init__(self, sink: Sink, open_store: Callable[[], TraceStore]) -> None:
        self.courier = Courier(sink)
        self._open_store = open_store
        self._store: TraceStore | None = None
        self._outbox: Outbox | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._turn = threading.Condition()
        self._has_fault = False
        self._asked = self._answered = 0

    def notice(self, has_ended: bool) -> None:
        """Hear that something was stored, and whether a run has ended with it."""
        self._ensure_thread()
        if has_ended:
            self._wake.set()

    def wait_until_sent(self, deadline: float) -> bool:
        """Wait until the sink has what is stored now.

        Returns:
            False after the deadline, or when the sink has not answered for some seconds: what is
            stored is not lost, and who waits is better served with a receipt that says so.
        """
        if not self._ensure_thread():
            return False
        with self._turn:
            self._asked += 1
            asked = self._asked
        self._wake.set()
        with self._turn:
            wait_s = None if deadline == math.inf else max(0.0, deadline - time.monotonic())
            return self._turn.wait_for(lambda: self._answered >= asked, wait_s)

    def stop(self, timeout_s: float) -> None:
        """End the thread; what the sink has not got waits in the store."""
        thread = self._thread
        if thread is None:
            return
        self._stopping.set()
        self._wake.set()
        thread.join(timeout_s)
        if thread.is_alive():
            _logger.debug("the sink %s still works on a batch", self.courier.sink.name)
            return
        self._thread = None

    # -- the thread ----------------------------------------------------------------------------

    def _ensure_thread(self) -> bool:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._stopping.clear()
                self._thread = self._start_thread()
            return self._thread is not None

    def _start_thread(self) -> threading.Thread | None:
        name = f"agentglass-sink-{self.courier.sink.name}"
        thread = threading.Thread(target=self._run, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # The interpreter is shutting down: what is stored goes with the next process.
            _logger.debug("no sender thread could be started")
            return None
        return thread

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(self._pause_s())
            self._wake.clear()
            asked = self._asked
            has_settled = self._send(is_hurried=asked > self._answered)
            if has_settled or self.courier.breaker.failing_s > HOPE_S:
                self._answer(asked)
        self._end()
        self._answer(self._asked)

    def _send(self, *, is_hurried: bool) -> bool:
        self._has_fault = True
        try:
            outbox = self._find_outbox()
            if is_hurried:
                outbox.make_due(retries=False)
            assert self._store is not None
            has_settled = self.courier.send_due(self._store, outbox, self._stopping.is_set)
        except AgentglassError as error:
            _logger.debug("the outbox cannot be read: %s", error)
        except Exception:
            _logger.exception("the sender has a fault; please report it")
        else:
            self._has_fault = False
            return has_settled
        return False

    def _find_outbox(self) -> Outbox:
        store = self._open_store()
        if self._outbox is None or store is not self._store:
            self._store = store
            self._outbox = store.outbox(address_of(self.courier.sink))
        return self._outbox

    def _pause_s(self) -> float:
        """Return how long to sleep, unless somebody wakes us."""
        if self._has_fault:
            return TICK_S
        breaker = self.courier.breaker
        if breaker.is_failing:
            pause_s = breaker.wait_s()
            return min(pause_s, HOPE_S) if self._asked > self._answered else pause_s
        try:
            due_s = None if self._outbox is None else self._outbox.next_due_s()
        except AgentglassError:
            due_s = None
        return TICK_S if due_s is None else min(due_s, TICK_S)

    def _answer(self, asked: int) -> None:
        with self._turn:
            self._answered = asked
            self._turn.notify_all()

    def _end(self) -> None:
        try:
            if self._outbox is not None:
                self._outbox.release()
            self.courier.sink.close()
        except Exception:
            _logger.debug("the sink %s did not close", self.courier.sink.name, exc_info=True)


class Senders:
    """The senders of one recorder.

    Args:
        sinks: Where its record goes.
        open_store: Returns the store that is written to now.
    """

    def __init__(self, sinks: Sequence[Sink], open_store: Callable[[], TraceStore]) -> None:
        self._senders = [Sender(sink, open_store) for sink in sinks]

    def notice(self, has_ended: bool) -> None:
        """Hear that something was stored, and whether a run has ended with it."""
        for sender in self._senders:
            sender.notice(has_ended)

    def wait_until_sent(self, deadline: float) -> bool:
        """Wait until every sink has what is stored now, or will not have it soon."""
        return all([sender.wait_until_sent(deadline) for sender in self._senders])

    def stop(self, timeout_s: float) -> None:
        """End the threads, all within one time."""
        deadline = time.monotonic() + timeout_s
        for sender in self._senders:
            sender.stop(max(0.0, deadline - time.monotonic()))

    def delivered(self) -> dict[str, int]:
        """Return how many spans each sink has confirmed, by its name; with its target if shared."""
        couriers = [sender.courier for sender in self._senders]
        names = [courier.sink.name for courier in couriers]
        return {
            name if names.count(name) == 1 else call_sink(courier.sink): courier.delivered
            for name, courier in zip(names, couriers, strict=True)
        }
