"""What a status means everywhere: exit code, `is_error`, OTLP, MLflow, pflow."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

__all__ = ["STATUS_TABLE", "Status", "StatusMeaning", "worst_status"]


class Status(StrEnum):
    """How a span stands or ended."""

    RUNNING = "running"
    OK = "ok"
    CACHED = "cached"
    DEGRADED = "degraded"
    INTERRUPTED = "interrupted"
    ERROR = "error"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class StatusMeaning:
    """One row of the status table."""

    exit_code: int
    is_error: bool
    otlp: Literal["UNSET", "OK", "ERROR"]
    mlflow: Literal["OK", "ERROR", "IN_PROGRESS"]
    pflow: Literal["success", "degraded", "failed"]


STATUS_TABLE: dict[Status, StatusMeaning] = {
    Status.OK: StatusMeaning(0, False, "OK", "OK", "success"),
    Status.CACHED: StatusMeaning(0, False, "OK", "OK", "success"),
    Status.DEGRADED: StatusMeaning(0, False, "OK", "OK", "degraded"),
    Status.INTERRUPTED: StatusMeaning(3, False, "UNSET", "IN_PROGRESS", "degraded"),
    Status.RUNNING: StatusMeaning(3, False, "UNSET", "IN_PROGRESS", "degraded"),
    Status.ERROR: StatusMeaning(1, True, "ERROR", "ERROR", "failed"),
    Status.TIMED_OUT: StatusMeaning(1, True, "ERROR", "ERROR", "failed"),
    Status.CANCELLED: StatusMeaning(1, True, "ERROR", "ERROR", "failed"),
}
"""A run that a budget stopped is `degraded` too and exits with the error's own code 4; a file that
is not valid makes no run at all and exits with 2."""

_SEVERITY = (
    Status.OK,
    Status.CACHED,
    Status.DEGRADED,
    Status.RUNNING,
    Status.INTERRUPTED,
    Status.CANCELLED,
    Status.TIMED_OUT,
    Status.ERROR,
)


def worst_status(first: Status, second: Status) -> Status:
    """Return the more severe of two statuses."""
    return max(first, second, key=_SEVERITY.index)
