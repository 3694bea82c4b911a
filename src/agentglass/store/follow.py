"""What ends in a store while somebody watches."""

from agentglass.spans import Span, Status
from agentglass.store.bodies import SELECT_SPANS
from agentglass.store.connection import Connection
from agentglass.store.rows import span_from_row

__all__ = ["Follower"]


class Follower:
    """Hands out the spans of runs as they end, each time only those that are new.

    Args:
        connection: To the store.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._seen: dict[str, int] = {}
        self._running: dict[str, None] = {}

    def active(self, since_ns: int) -> list[str]:
        """Return the runs of which there may be something new.

        Args:
            since_ns: Those that started before, and did not run when they were first looked for,
                are left out.
        """
        with self._connection.reading() as db:
            rows = db.execute(
                "SELECT trace_id, start_ns, seq FROM traces WHERE status = ?"
                " UNION SELECT trace_id, start_ns, seq FROM traces WHERE start_ns >= ?"
                " ORDER BY start_ns",
                (str(Status.RUNNING), since_ns),
            ).fetchall()
        new = [r["trace_id"] for r in rows if r["seq"] != self._seen.get(r["trace_id"])]
        # What ran at the last look may have ended since.
        return list(dict.fromkeys([*self._running, *new]))

    def ended(self, trace_id: str) -> tuple[list[Span], bool]:
        """Return the spans that have ended since the last call, and whether the run has.

        They come in the order in which they were stored.
        """
        seen = self._seen.get(trace_id, 0)
        with self._connection.reading() as db:
            run = db.execute(
                "SELECT seq, end_ns, (SELECT ended_ns FROM processes WHERE id = process_id) AS gone"
                " FROM traces WHERE trace_id = ?",
                (trace_id,),
            ).fetchone()
            # A run whose root was lost has no end of its own.
            has_ended = run is not None and (run["end_ns"] or run["gone"]) is not None
            self._note(trace_id, has_ended)
            if run is None or run["seq"] == seen:
                return [], has_ended
            rows = db.execute(
                f"{SELECT_SPANS} WHERE trace_id = ? AND seq > ? AND end_ns IS NOT NULL"
                " ORDER BY seq",
                (trace_id, seen),
            ).fetchall()
        self._seen[trace_id] = max([run["seq"], *(row["seq"] for row in rows)])
        return [span_from_row(row, {}) for row in rows], has_ended

    def _note(self, trace_id: str, has_ended: bool) -> None:
        if has_ended:
            self._running.pop(trace_id, None)
        else:
            self._running[trace_id] = None
