"""Answers of libraries that are read later: streams, and objects that fetch when they are asked."""

import functools
import inspect
from collections.abc import Callable, Collection
from typing import Any, Self

from agentglass.record.context import leave
from agentglass.record.lazy import GENERATORS, Reading, read_later
from agentglass.record.live import LiveSpan
from agentglass.record.noop import NoopSpan

__all__ = ["keep_open"]

_CLOSE = frozenset({"close", "aclose"})


def keep_open(active: LiveSpan | NoopSpan, answer: Any, *, reads: Collection[str] = ()) -> Any:
    """Keep the span of a call open until its answer has been read, closed or collected.

    Args:
        active: The span; it is not to be ended elsewhere.
        answer: What the call gave: a generator, an iterator, an async iterator, or any object.
        reads: Methods that fetch the whole answer, as `text` and `json`: the first call of one ends
            the span, with what it returns as output.

    Returns:
        What to hand on instead; it behaves like the answer, also for `isinstance`.
    """
    if not isinstance(active, LiveSpan):
        return answer
    if type(answer) in GENERATORS:
        return read_later(active, answer)
    kind = _Answer
    if hasattr(answer, "__anext__"):
        kind = _AsyncStream
    elif hasattr(answer, "__next__"):
        kind = _Stream
    reading = Reading(active)
    given = kind(answer, reading, frozenset(reads))
    reading.end_with(given, reading.finish)
    return given


class _Answer:
    """Stands for an answer and sees how it is read."""

    def __init__(self, answer: Any, reading: Reading, reads: frozenset[str]) -> None:
        self.__wrapped__ = answer
        self._agentglass = (reading, reads)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self.__wrapped__)

    def __getattr__(self, name: str) -> Any:
        if name in ("__wrapped__", "_agentglass"):
            raise AttributeError(name)
        value = getattr(self.__wrapped__, name)
        reading, reads = self._agentglass
        if name in reads:
            return _seen(self, value, reading.finish_with)
        return _seen(self, value, lambda _: reading.finish()) if name in _CLOSE else value


class _Stream(_Answer):
    """An iterator."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        reading = self._agentglass[0]
        token = reading.enter()
        try:
            item = next(self.__wrapped__)
        except BaseException as error:
            _end(reading, error)
            raise
        finally:
            leave(token)
        reading.add(item)
        return item

    def __enter__(self) -> Self:
        self.__wrapped__.__enter__()
        return self

    def __exit__(self, *raised: Any) -> Any:
        self._agentglass[0].finish()
        return self.__wrapped__.__exit__(*raised)


class _AsyncStream(_Answer):
    """An async iterator."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        reading = self._agentglass[0]
        token = reading.enter()
        try:
            item = await anext(self.__wrapped__)
        except BaseException as error:
            _end(reading, error)
            raise
        finally:
            leave(token)
        reading.add(item)
        return item

    async def __aenter__(self) -> Self:
        await self.__wrapped__.__aenter__()
        return self

    async def __aexit__(self, *raised: Any) -> Any:
        self._agentglass[0].finish()
        return await self.__wrapped__.__aexit__(*raised)


def _end(reading: Reading, error: BaseException) -> None:
    if not isinstance(error, (StopIteration, StopAsyncIteration)):
        reading.fail(error)
    reading.finish()


def _seen(answer: _Answer, method: Any, end: Callable[[Any], None]) -> Any:
    """Return a method that ends the span when it is called; its work stands below the span.

    It holds the answer: `ask().text()` drops it before the text is there.
    """

    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        reading = answer._agentglass[0]
        token = reading.enter()
        try:
            result = method(*args, **kwargs)
        except BaseException as error:
            _end(reading, error)
            raise
        finally:
            leave(token)
        end(result)
        return result

    @functools.wraps(method)
    async def acall(*args: Any, **kwargs: Any) -> Any:
        reading = answer._agentglass[0]
        token = reading.enter()
        try:
            result = await method(*args, **kwargs)
        except BaseException as error:
            _end(reading, error)
            raise
        finally:
            leave(token)
        end(result)
        return result

    return acall if inspect.iscoroutinefunction(method) else call
