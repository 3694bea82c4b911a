"""`@traced`: a span around every call of a function, whatever kind of function it is."""

import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ParamSpec, TypeVar, overload

from agentglass.record.api import is_off, span
from agentglass.record.lazy import GENERATORS, read_later
from agentglass.record.live import LiveSpan
from agentglass.record.noop import NoopSpan
from agentglass.spans import SpanType

__all__ = ["call_input", "traced"]

P = ParamSpec("P")
R = TypeVar("R")


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
    generator lasts until it is exhausted, closed or collected, and so does that of a function that
    returns one.

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
    if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        return _wrap_generator(function, call)
    if inspect.iscoroutinefunction(function):
        return _wrap_coroutine(function, call)
    return _wrap_plain(function, call)


def _wrap_generator(function: Callable[..., Any], call: _Call) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if is_off():
            return function(*args, **kwargs)
        return read_later(call.start(args, kwargs), function(*args, **kwargs))

    return wrapper


def _wrap_coroutine(
    function: Callable[..., Awaitable[Any]], call: _Call
) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        if is_off():
            return await function(*args, **kwargs)
        active = call.start(args, kwargs).__enter__()
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            active.__exit__(type(error), error, None)
            raise
        return _finish(active, result)

    return wrapper


def _wrap_plain(function: Callable[..., Any], call: _Call) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if is_off():
            return function(*args, **kwargs)
        active = call.start(args, kwargs).__enter__()
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            active.__exit__(type(error), error, None)
            raise
        return _finish(active, result)

    return wrapper


def _finish(active: LiveSpan | NoopSpan, result: Any) -> Any:
    """End the span of a call that gave a result; one that is read later keeps it open."""
    if type(result) in GENERATORS:
        active.leave()
        return read_later(active, result)
    active.output = result
    active.__exit__(None, None, None)
    return result


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
