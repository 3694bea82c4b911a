"""Several pieces of work at once: results in order, or the first failure."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

__all__ = ["all_at_once"]

_T = TypeVar("_T")


async def all_at_once(works: Iterable[Awaitable[_T]]) -> list[_T]:
    """Wait for all; when one fails the others are cancelled and its own exception is raised.

    Unlike `asyncio.TaskGroup`, which raises a group around it.
    """
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
