"""A run that another process can go on with: its checkpoints, its lock, its entry in `state.db`."""

import asyncio
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

import aiosqlite

from agentglass.errors import ResumeError
from agentglass.spans import STATUS_TABLE, Status
from agentglass.workflow.run_scope import NodeFailure, Question
from agentglass.workflow.saver import LatestSaver
from agentglass.workflow.state_db import (
    Ledger,
    RunLock,
    RunRecord,
    RunRecords,
    StateDb,
    state_db_path,
)

__all__ = ["DurableRun", "lock_run"]

_BUSY_TIMEOUT_S = 30.0


def lock_run(run_id: str) -> RunLock:
    """Take a run for this process.

    Raises:
        ResumeError: Another process has it.
    """
    lock = RunLock(state_db_path().parent, run_id)
    if not lock.take():
        raise ResumeError(
            f"The run {run_id[:8]} is being run by another process. Wait for it, or look at it "
            f"with: agentglass tail {run_id[:8]}"
        )
    return lock


class DurableRun:
    """Keeps a run so that nothing which was accepted is lost with the process.

    Use it in an `async with` around the run.

    Args:
        record: The run, new or found in `state.db`.
        lock: Held already by whoever found it; None takes it.
    """

    def __init__(self, record: RunRecord, lock: RunLock | None = None) -> None:
        self.record = record
        self._lock = lock
        self.saver: LatestSaver
        """LangGraph's checkpointer."""
        self._path = state_db_path()
        self._open = AsyncExitStack()
        self.is_open = False

    @property
    def config(self) -> dict[str, Any]:
        """What LangGraph must be told to find the run."""
        return {"configurable": {"thread_id": self.record.run_id}}

    async def __aenter__(self) -> Self:
        """Take the run.

        Raises:
            ResumeError: Another process has it.
            StoreError: `state.db` cannot be used.
        """
        try:
            await self._enter()
        except BaseException:
            await self._open.aclose()
            raise
        self.is_open = True
        return self

    async def _enter(self) -> None:
        if self._lock is None:
            self._open.callback(lock_run(self.record.run_id).release)
        self._db = await asyncio.to_thread(StateDb, self._path)
        self._open.callback(self._db.close)
        connection = aiosqlite.connect(self._path, timeout=_BUSY_TIMEOUT_S)
        self.saver = LatestSaver(await self._open.enter_async_context(connection))
        await self.saver.setup()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.is_open = False
        await self._open.aclose()

    async def save(self) -> None:
        """Write the entry as it is now."""
        await asyncio.to_thread(RunRecords(self._db).save, self.record)

    async def end(
        self, status: Status, questions: list[Question], failures: list[NodeFailure]
    ) -> None:
        """Note how far the run came; what has ended for good is not kept any longer."""
        record = self.record
        record.questions = [question.to_dict() for question in questions]
        record.failures = [*record.failures, *(failure.to_dict() for failure in failures)]
        record.answers = {}
        if status is Status.INTERRUPTED:
            record.status = "interrupted"
        elif STATUS_TABLE[status].is_error:
            record.status = "failed"
        else:
            record.status = "ended"
            record.inputs = {}
            await self.saver.adelete_thread(record.run_id)
            await asyncio.to_thread(Ledger(self._db).drop_run, record.run_id)
        await self.save()
