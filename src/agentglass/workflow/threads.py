"""Runs a blocking function beside the event loop."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

__all__ = ["run_in_thread"]

_T = TypeVar("_T")


async def run_in_thread(function: Callable[[], _T]) -> _T:
    """Run a function in a thread of its own, with a copy of the context, and return its result.

    Unlike `asyncio.to_thread` the thread is a daemon: a function that never returns cannot keep a
    run that has timed out, or the process, from ending.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Callable[[], _T]] = loop.create_future()
    context = contextvars.copy_context()

    def settle(outcome: Callable[[], _T]) -> None:
        if not future.cancelled():
            future.set_result(outcome)

    def run() -> None:
        try:
            result = context.run(function)
        except BaseException as error:  # noqa: BLE001 - raised again in the waiting task
            outcome = _raiser(error)
        else:
            outcome = _returner(result)
        # The loop may be closed by now, when the run was given up.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, outcome)

    threading.Thread(target=run, name="agentglass-node", daemon=True).start()
    return (await future)()


def _raiser(error: BaseException) -> Callable[[], Any]:
    def fail() -> Any:
        raise error

    return fail


def _returner(result: _T) -> Callable[[], _T]:
    return lambda: result
