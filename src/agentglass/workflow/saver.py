"""LangGraph's checkpointer, without the checkpoints that nobody goes back to."""

from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

__all__ = ["LatestSaver"]

_TABLES = ("checkpoints", "writes")


class LatestSaver(AsyncSqliteSaver):
    """Keeps the latest checkpoint of a run and the one before it.

    A run goes on from where it stopped and nowhere else; all of its checkpoints would hold its state
    as many times as it has steps.
    """

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keep a checkpoint, and drop those before its parent in the same commit."""
        place: dict[str, Any] = config["configurable"]
        parent = place.get("checkpoint_id")
        if parent is not None:
            await self.setup()
            key = (place["thread_id"], place.get("checkpoint_ns", ""), parent)
            async with self.lock:
                for table in _TABLES:
                    await self.conn.execute(
                        f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_ns = ?"
                        " AND checkpoint_id < ?",
                        key,
                    )
        return await super().aput(config, checkpoint, metadata, new_versions)
