"""Exceptions that steer a program rather than report a fault."""

from agentglass.spans import Status

__all__ = ["register_control_flow", "status_of"]

_STATUS: dict[type[BaseException], Status] = {
    GeneratorExit: Status.OK,
    KeyboardInterrupt: Status.CANCELLED,
    StopAsyncIteration: Status.OK,
    StopIteration: Status.OK,
    TimeoutError: Status.TIMED_OUT,
}

_STATUS_BY_NAME: dict[tuple[str, str], Status] = {
    ("asyncio.exceptions", "CancelledError"): Status.CANCELLED,
    ("langgraph.errors", "GraphBubbleUp"): Status.OK,
    ("langgraph.errors", "GraphInterrupt"): Status.INTERRUPTED,
    ("langgraph.errors", "NodeCancelledError"): Status.CANCELLED,
}
"""Known by module and name: to import asyncio alone would cost every program 30 ms."""


def register_control_flow(exception: type[BaseException], status: Status) -> None:
    """Give spans that an exception leaves a status other than `error`.

    Called by the floor that knows the exception, as `workflow` does for LangGraph's interrupts.
    """
    _STATUS[exception] = status


def status_of(error: BaseException) -> Status:
    """Return the status of a span that this exception leaves."""
    if isinstance(error, SystemExit):
        return Status.OK if error.code in (None, 0) else Status.ERROR
    for base in type(error).__mro__:
        if base in _STATUS:
            return _STATUS[base]
        known = _STATUS_BY_NAME.get((base.__module__, base.__name__))
        if known is not None:
            return known
    return Status.ERROR
