"""The status table, exactly as the design has it."""

import pytest

from agentglass.spans import STATUS_TABLE, Status, StatusMeaning, worst_status

EXPECTED = [
    ("ok", 0, False, "OK", "OK", "success"),
    ("cached", 0, False, "OK", "OK", "success"),
    ("degraded", 0, False, "OK", "OK", "degraded"),
    ("interrupted", 3, False, "UNSET", "IN_PROGRESS", "degraded"),
    ("running", 3, False, "UNSET", "IN_PROGRESS", "degraded"),
    ("error", 1, True, "ERROR", "ERROR", "failed"),
    ("timed_out", 1, True, "ERROR", "ERROR", "failed"),
    ("cancelled", 1, True, "ERROR", "ERROR", "failed"),
]


@pytest.mark.parametrize(("status", "exit_code", "is_error", "otlp", "mlflow", "pflow"), EXPECTED)
def test_a_status_means_the_same_everywhere(
    status: str, exit_code: int, is_error: bool, otlp: str, mlflow: str, pflow: str
) -> None:
    assert STATUS_TABLE[Status(status)] == StatusMeaning(exit_code, is_error, otlp, mlflow, pflow)


def test_every_status_has_a_row() -> None:
    assert set(STATUS_TABLE) == set(Status) == {Status(row[0]) for row in EXPECTED}


@pytest.mark.parametrize("first", Status)
@pytest.mark.parametrize("second", Status)
def test_the_worse_of_two_statuses_does_not_depend_on_their_order(
    first: Status, second: Status
) -> None:
    worse = worst_status(first, second)

    assert worse is worst_status(second, first)
    assert worse in (first, second)
    any_error = STATUS_TABLE[first].is_error or STATUS_TABLE[second].is_error
    assert STATUS_TABLE[worse].is_error == any_error


def test_an_error_is_worse_than_anything() -> None:
    assert all(worst_status(status, Status.ERROR) is Status.ERROR for status in Status)
    assert worst_status(Status.OK, Status.CACHED) is Status.CACHED
