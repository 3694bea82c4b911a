"""Answers that are read later: their span lasts until they are read, closed or collected."""

import functools
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from types import AsyncGeneratorType, GeneratorType
from typing import Any

from agentglass.record.context import Context, current_context, leave
from agentglass.record.live import EndedSpan, LiveSpan
from agentglass.record.noop import NoopSpan

__all__ = ["GENERATORS", "Reading", "read_later"]

GENERATORS = frozenset({GeneratorType, AsyncGeneratorType})
"""Types of answers that are certainly read later."""

_KEPT_ITEMS = 1_000
"""How many items of a generator go into the record."""
_ITEMS = "agentglass.items"


def read_later(active: LiveSpan | NoopSpan, answer: Any) -> Any:
    """Keep a span open until a generator or an async generator is exhausted, closed or collected.

    Args:
        active: The span of the call that gave the answer; it is not to be ended elsewhere.
        answer: What the call gave.

    Returns:
        What to hand on instead: again a generator, which records what it gives.
    """
    if not isinstance(active, LiveSpan):
        return answer
    reading = Reading(active)
    is_async = isinstance(answer, AsyncGeneratorType)
    given = _drive_async(reading, answer) if is_async else _drive(reading, answer)
    # A generator that was never started, or whose event loop is closed, does not run to its end.
    reading.end_with(given, reading.finish if is_async else reading.forget)
    return given


class Reading:
    """The span of an answer, and what was read of it so far."""

    def __init__(self, active: LiveSpan) -> None:
        self._active = active
        self._context = Context(
            active, active.trace.session_id, active.recorder, active.trace.policy
        )
        self._kept: list[Any] = []
        self._count = 0
        self._is_started = False

    def end_with(self, answer: Any, end: Callable[[], None]) -> None:
        """Call `end` when nobody holds the answer any more."""
        weakref.finalize(answer, end).atexit = False

    def enter(self) -> Any:
        """Make the span active: while the body runs, and not between its items."""
        self._is_started = True
        return current_context.set(self._context)

    def add(self, item: Any) -> None:
        """Keep an item, or count it at least."""
        self._count += 1
        if len(self._kept) < _KEPT_ITEMS:
            self._kept.append(item)

    def fail(self, error: BaseException) -> None:
        """Say what ended the reading."""
        if not isinstance(self._active, EndedSpan):
            self._active.record_error(error)

    def finish(self) -> None:
        """End the span with the items that were read, unless it has ended."""
        if not isinstance(self._active, EndedSpan):
            self._active.output = self._kept
            self._active.set_attribute(_ITEMS, self._count)
            self._active.end()

    def finish_with(self, whole: Any) -> None:
        """End the span with all of the answer, unless it has ended."""
        if not isinstance(self._active, EndedSpan):
            self._active.output = whole
            self._active.end()

    def forget(self) -> None:
        """End the span of a generator that was never started; another one ends by itself."""
        if not self._is_started:
            self.finish()


def _drive(reading: Reading, inner: Any) -> Generator[Any, Any, Any]:
    step: Callable[[], Any] = functools.partial(next, inner)
    try:
        while True:
            token = reading.enter()
            try:
                item = step()
            finally:
                leave(token)
            reading.add(item)
            try:
                sent = yield item
                step = functools.partial(inner.send, sent)
            except GeneratorExit:
                inner.close()
                raise
            except BaseException as thrown:  # noqa: BLE001 - it belongs to the inner generator
                step = functools.partial(inner.throw, thrown)
    except StopIteration as stop:
        return stop.value
    except BaseException as error:
        reading.fail(error)
        raise
    finally:
        reading.finish()


async def _drive_async(reading: Reading, inner: Any) -> AsyncGenerator[Any, Any]:
    step: Callable[[], Awaitable[Any]] = inner.__anext__
    try:
        while True:
            token = reading.enter()
            try:
                item = await step()
            finally:
                leave(token)
            reading.add(item)
            try:
                sent = yield item
                step = functools.partial(inner.asend, sent)
            except GeneratorExit:
                await inner.aclose()
                raise
            except BaseException as thrown:  # noqa: BLE001 - it belongs to the inner generator
                step = functools.partial(inner.athrow, thrown)
    except StopAsyncIteration:
        return
    except BaseException as error:
        reading.fail(error)
        raise
    finally:
        reading.finish()
