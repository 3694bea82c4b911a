"""Calls a function of a user, whether it is async, blocks, or returns something to wait for."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from agentglass.workflow.threads import run_in_thread

__all__ = ["call_function"]


async def call_function(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Call a function by the names of its arguments; in a thread where it is not async."""
    is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - callable objects may be async
    )
    if is_async:
        return await function(**arguments)
    result = await run_in_thread(lambda: function(**arguments))
    return await result if inspect.isawaitable(result) else result
