"""What the nodes of the measured workflow do; imports nothing that `validate` would wait for."""

import asyncio

__all__ = ["count", "pause"]


async def count(counter: int) -> int:
    """Do next to nothing."""
    return counter + 1


async def pause(counter: int) -> int:
    """Wait for 10 ms, as for somebody else's answer."""
    await asyncio.sleep(0.01)
    return counter + 1
