"""Causality across threads, callbacks, processes and machines."""

import functools
import inspect
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any, ParamSpec, TypeVar

from agentglass.record.api import get_active_span
from agentglass.record.context import current_context, leave
from agentglass.record.default import current_recorder
from agentglass.record.live import LiveSpan
from agentglass.record.noop import NOOP, NoopSpan
from agentglass.record.remote import remote_span
from agentglass.spans import TraceParent, decode_traceparent, encode_traceparent

__all__ = ["extract", "inject", "propagate"]

P = ParamSpec("P")
R = TypeVar("R")
Headers = TypeVar("Headers", bound=MutableMapping[str, str])
Pairs = Iterable[tuple[str | bytes, str | bytes]]

_PARENT = "traceparent"
_STATE = "tracestate"
_SIGN_OF_ENVIRONMENT = "PATH"
_WSGI_PREFIX = "http_"

_logger = logging.getLogger("agentglass")


def propagate(function: Callable[P, R]) -> Callable[P, R]:
    """Bind the span that is active now to a function that runs elsewhere: a thread, a callback.

    executor.map(propagate(fetch), urls)

    No other context variable is carried along. The function may run many times, and at once; what
    it records stands below the span even when that has ended by then.

    Args:
        function: A function or a coroutine function.
    """
    bound = current_context.get()

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        token = current_context.set(bound)
        try:
            return function(*args, **kwargs)
        finally:
            leave(token)

    @functools.wraps(function)
    async def async_wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        token = current_context.set(bound)
        try:
            return await function(*args, **kwargs)  # type: ignore[misc]
        finally:
            leave(token)

    return async_wrapper if inspect.iscoroutinefunction(function) else wrapper  # type: ignore[return-value]


def inject(headers: Headers) -> Headers:
    """Name the active span in the headers of a request, so that who serves it can record below it.

    Sets `traceparent`, and `tracestate` where the trace came with one. Outside of any span nothing
    is set. In a copy of `os.environ`, which is known by its PATH, the names are in capitals.

    Args:
        headers: Headers or an environment; changed in place.

    Returns:
        The same object.
    """
    active = get_active_span()
    if not isinstance(active, LiveSpan):
        return headers
    if not active.is_remote and active.end_ns is None and not active.stored:
        # What others record below it must find it in the store, whatever becomes of this process.
        active.recorder.announce(active)
    upstream = active.trace.upstream
    is_sampled = upstream is None or upstream.is_sampled
    found = {_PARENT: encode_traceparent(active.trace_id, active.span_id, is_sampled=is_sampled)}
    if upstream is not None and upstream.state:
        found[_STATE] = upstream.state
    _replace(headers, found)
    return headers


def extract(headers: Mapping[str, str] | Pairs) -> LiveSpan | NoopSpan:
    """Return what stands for the span that the headers of a request name.

    with agentglass.extract(request.headers), agentglass.trace("serve"):
        ...

    What is recorded in the `with` belongs to the trace of the caller, under the caller's trace id.
    Without valid headers the `with` changes nothing, and a new trace begins.

    Args:
        headers: A mapping, pairs of text or bytes, a WSGI environment or `os.environ`; names in any
            case.
    """
    recorder = current_recorder()
    if recorder.level == "off":
        return NOOP
    upstream = _read(headers)
    return NOOP if upstream is None else remote_span(recorder, upstream, level=recorder.level)


def _replace(headers: MutableMapping[str, str], found: Mapping[str, str]) -> None:
    is_environment = headers is os.environ or _SIGN_OF_ENVIRONMENT in headers
    for name in [name for name in headers if name.lower() in (_PARENT, _STATE)]:
        del headers[name]
    for name, value in found.items():
        headers[name.upper() if is_environment else name] = value


def _read(headers: Mapping[str, str] | Pairs) -> TraceParent | None:
    try:
        found = list(_found(headers))
    except Exception:
        # The program's own mapping, or a stranger's bytes.
        _logger.debug("the headers of a request cannot be read", exc_info=True)
        return None
    parents = [value for name, value in found if name == _PARENT]
    states = [value for name, value in found if name == _STATE]
    upstream = decode_traceparent(parents[0], ",".join(states)) if len(parents) == 1 else None
    if parents and upstream is None:
        _logger.debug("the header traceparent is not valid: %r", parents)
    return upstream


def _found(headers: Mapping[str, str] | Pairs) -> Iterator[tuple[str, str]]:
    # `http.client` gives a message with `items` that is no Mapping.
    items = getattr(headers, "items", None)
    pairs: Any = headers if items is None else items()
    for name, value in pairs:
        known = _text(name).lower().removeprefix(_WSGI_PREFIX)
        if known in (_PARENT, _STATE):
            yield known, _text(value)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
