"""Signs of life: what a node with an `idle_timeout` must give from time to time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import NamedTuple

__all__ = ["idle_limit", "keep_alive"]


class _Limit(NamedTuple):
    loop: asyncio.AbstractEventLoop
    deadline: asyncio.Timeout
    idle_s: float

    def move(self) -> None:
        if not self.deadline.expired():
            self.deadline.reschedule(self.loop.time() + self.idle_s)


_limits: ContextVar[tuple[_Limit, ...]] = ContextVar("agentglass_idle_limits", default=())


def keep_alive() -> None:
    """Say that the node which runs here makes progress, so that its `idle_timeout` begins anew.

    Answers of models and tools, attempts, finished items and nodes of a sub-workflow say it by
    themselves; a long `python` node calls it, from any thread. Elsewhere it does nothing.
    """
    for limit in _limits.get():
        try:
            is_here = asyncio.get_running_loop() is limit.loop
        except RuntimeError:
            is_here = False
        if is_here:
            limit.move()
        elif not limit.loop.is_closed():
            limit.loop.call_soon_threadsafe(limit.move)


@asynccontextmanager
async def idle_limit(idle_s: float, message: str) -> AsyncIterator[None]:
    """End the block with a `TimeoutError` when it gives no sign of life for so long."""
    loop = asyncio.get_running_loop()
    deadline = asyncio.timeout(idle_s)
    try:
        async with deadline:
            token = _limits.set((*_limits.get(), _Limit(loop, deadline, idle_s)))
            try:
                yield
            finally:
                _limits.reset(token)
    except TimeoutError:
        if deadline.expired():
            raise TimeoutError(message) from None
        raise
