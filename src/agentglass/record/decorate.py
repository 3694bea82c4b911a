"""`@traced`: a span around every call of a function, whatever kind of function it is."""

import functools
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from typing import Any, ParamSpec, TypeVar, overload

from agentglass.record.api import is_off, span
from agentglass.record.context import Context, current_context, leave
from agentglass.record.live import LiveSpan
from agentglass.record.noop import NoopSpan
from agentglass.spans import SpanType

__all__ = ["call_input", "traced"]

P = ParamSpec("P")
R = TypeVar("R")

_KEPT_ITEMS = 1_000
"""How many items of a generator go into the record."""


@overload
def traced(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def traced(
    *,
    name: str | None = None,
    type: str = SpanType.SPAN,
    attributes: Mapping[str, Any] | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def traced(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    type: str = SpanType.SPAN,
    attributes: Mapping[str, Any] | None = None,
) -> Any:
    """Record every call of a function as a span: its arguments, its result, its exception.

    Works on functions, coroutine functions, generators and async generators. The span of a
    generator lasts until it is exhausted, closed or collected.

    Args:
        function: What to record.
        name: What a reader of the trace sees; the function's qualified name when None.
        type: One of `SpanType`.
        attributes: Named values for each call.
    """
    if function is None:
        return lambda decorated: _wrap(decorated, name, type, attributes)
    return _wrap(function, name, type, attributes)


class _Call:
    """What the calls of one function have in common."""

    def __init__(
        self,
        function: Callable[..., Any],
        name: str | None,
        type: str,
        attributes: Mapping[str, Any] | None,
    ) -> None:
        self._title = str(name or getattr(function, "__qualname__", repr(function)))
        self._type = type
        self._attributes = attributes
        self._parameters = _parameter_names(function)

    def start(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> LiveSpan | NoopSpan:
        """Start the span of one call."""
        started = span(self._title, type=self._type, attributes=self._attributes)
        if isinstance(started, LiveSpan) and started.trace.level == "trace":
            started.input = call_input(self._parameters, args, kwargs)
        return started


def _wrap(
    function: Callable[..., Any],
    name: str | None,
    type: str,
    attributes: Mapping[str, Any] | None,
) -> Callable[..., Any]:
    call = _Call(function, name, type, attributes)
    if inspect.isasyncgenfunction(function):
        return _wrap_generator(function, call, _drive_async)
    if inspect.isgeneratorfunction(function):
        return _wrap_generator(function, call, _drive)
    if inspect.iscoroutinefunction(function):
        return _wrap_coroutine(function, call)
    return _wrap_plain(function, call)


def _wrap_generator(
    function: Callable[..., Any], call: _Call, drive: Callable[..., Any]
) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if is_off():
            return function(*args, **kwargs)
        return drive(call.start(args, kwargs), function(*args, **kwargs))

    return wrapper


def _wrap_coroutine(
    function: Callable[..., Awaitable[Any]], call: _Call
) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        if is_off():
            return await function(*args, **kwargs)
        with call.start(args, kwargs) as active:
            result = await function(*args, **kwargs)
            active.output = result
        return result

    return wrapper


def _wrap_plain(function: Callable[..., Any], call: _Call) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if is_off():
            return function(*args, **kwargs)
        with call.start(args, kwargs) as active:
            result = function(*args, **kwargs)
            active.output = result
        return result

    return wrapper


def call_input(
    parameters: tuple[str, ...], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments of a call by name, without `self` and `cls`.

    Binding through `inspect.signature` would cost more than the whole span.
    """
    named = dict(zip(parameters, args, strict=False))
    named.pop("self", None)
    named.pop("cls", None)
    named.update(kwargs)
    if len(args) > len(parameters):
        named["*args"] = args[len(parameters) :]
    return named


def _parameter_names(function: Callable[..., Any]) -> tuple[str, ...]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(each.name for each in parameters if each.kind in positional)


class _Items:
    """What a generator gave so far, as far as it is kept."""

    def __init__(self, active: LiveSpan | NoopSpan) -> None:
        self._active = active
        self._kept: list[Any] = []
        self._count = 0

    def add(self, item: Any) -> None:
        self._count += 1
        if len(self._kept) < _KEPT_ITEMS:
            self._kept.append(item)

    def store(self) -> None:
        self._active.output = self._kept
        self._active.set_attribute("agentglass.items", self._count)


def _enter(active: LiveSpan | NoopSpan) -> Any:
    """Make the span active for as long as the generator's body runs, not between its items."""
    if isinstance(active, NoopSpan):
        return None
    context = Context(active, active.trace.session_id, active.recorder, active.trace.policy)
    return current_context.set(context)


def _drive(active: LiveSpan | NoopSpan, inner: Any) -> Generator[Any, Any, Any]:
    items = _Items(active)
    step: Callable[[], Any] = functools.partial(next, inner)
    try:
        while True:
            token = _enter(active)
            try:
                item = step()
            finally:
                if token is not None:
                    leave(token)
            items.add(item)
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
        active.record_error(error)
        raise
    finally:
        items.store()
        active.end()


async def _drive_async(active: LiveSpan | NoopSpan, inner: Any) -> AsyncGenerator[Any, Any]:
    items = _Items(active)
    step: Callable[[], Awaitable[Any]] = inner.__anext__
    try:
        while True:
            token = _enter(active)
            try:
                item = await step()
            finally:
                if token is not None:
                    leave(token)
            items.add(item)
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
        active.record_error(error)
        raise
    finally:
        items.store()
        active.end()
