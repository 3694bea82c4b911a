"""The runs that can go on: what they were given, what they wait for, what was answered."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentglass.workflow.state_db.connection import StateDb

__all__ = ["RunRecord", "RunRecords"]

_COLUMNS = (
    "run_id", "workflow", "file", "digest", "status", "settings", "inputs", "questions", "answers",
    "failures", "trace_id", "root_span_id",
)  # fmt: skip

_KEPT_S = 30 * 24 * 3600.0
"""How long it is known that a run has ended."""


@dataclass(slots=True)
class RunRecord:
    """A run that can go on in another process."""

    run_id: str
    workflow: str
    file: str
    digest: str
    """Of the file's text when the run began."""
    inputs: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What the run was started with: level, model, session."""
    status: str = "running"
    questions: Sequence[Mapping[str, Any]] = ()
    """What it waits for, each with the id of its interrupt."""
    answers: Mapping[str, Any] = field(default_factory=dict)
    """Id of an interrupt -> the answer that was accepted and not used yet."""
    failures: Sequence[Mapping[str, Any]] = ()
    """The nodes that failed and were allowed to."""
    trace_id: str | None = None
    root_span_id: str | None = None


class RunRecords:
    """The runs of one `state.db`."""

    def __init__(self, db: StateDb) -> None:
        self._db = db

    def save(self, record: RunRecord) -> None:
        """Write a run, new or known."""
        kind, inputs = self._db.pack(dict(record.inputs))
        now = time.time()
        values = (
            record.run_id, record.workflow, record.file, record.digest, record.status,
            json.dumps({**record.settings, "inputs_kind": kind}), inputs,
            json.dumps(list(record.questions)), json.dumps(dict(record.answers)),
            json.dumps(list(record.failures)), record.trace_id, record.root_span_id,
        )  # fmt: skip
        marks = ", ".join("?" * (len(_COLUMNS) + 2))
        changes = ", ".join(f"{name} = excluded.{name}" for name in (*_COLUMNS[1:], "updated_at"))
        with self._db.transaction() as connection:
            connection.execute(
                "DELETE FROM runs WHERE status = 'ended' AND updated_at < ?", (now - _KEPT_S,)
            )
            connection.execute(
                f"INSERT INTO runs ({', '.join(_COLUMNS)}, created_at, updated_at)"
                f" VALUES ({marks}) ON CONFLICT (run_id) DO UPDATE SET {changes}",
                (*values, now, now),
            )

    def find(self, ref: str, *, waiting: bool = False) -> list[RunRecord]:
        """Return the runs whose id begins like that; for `last`, the latest that can go on.

        Args:
            ref: A run id or its beginning, or `last`.
            waiting: Whether `last` is to be one that waits for an answer.
        """
        if ref == "last":
            wanted = "= 'interrupted'" if waiting else "<> 'ended'"
            where, values = f"status {wanted} ORDER BY updated_at DESC LIMIT 1", ()
        else:
            where = "substr(run_id, 1, ?) = ? ORDER BY created_at LIMIT 20"
            values = (len(ref), ref.lower())  # type: ignore[assignment]
        return self._select(where, values)

    def forget(self, trace_ids: Iterable[str]) -> None:
        """Delete all that is kept of runs, by the traces in which they are recorded."""
        with self._db.transaction() as connection:
            tables = {
                name for (name,) in connection.execute("SELECT name FROM sqlite_master").fetchall()
            }
            for trace_id in trace_ids:
                found = connection.execute(
                    "SELECT run_id FROM runs WHERE trace_id = ?", (trace_id,)
                ).fetchall()
                for key in found:
                    connection.execute("DELETE FROM runs WHERE run_id = ?", key)
                    connection.execute("DELETE FROM ledger WHERE run_id = ?", key)
                    for table in tables & {"checkpoints", "writes"}:
                        connection.execute(f"DELETE FROM {table} WHERE thread_id = ?", key)

    def _select(self, where: str, values: tuple[Any, ...]) -> list[RunRecord]:
        with self._db.transaction() as connection:
            rows = connection.execute(
                f"SELECT {', '.join(_COLUMNS)} FROM runs WHERE {where}", values
            ).fetchall()
        return [self._record(dict(zip(_COLUMNS, row, strict=True))) for row in rows]

    def _record(self, row: dict[str, Any]) -> RunRecord:
        for name in ("settings", "questions", "answers", "failures"):
            row[name] = json.loads(row[name])
        row["inputs"] = self._db.unpack(row["settings"].pop("inputs_kind"), row["inputs"])
        return RunRecord(**row)
