"""What is wrong with a trace run, in words: the step, the field, what was expected."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["describe_faults", "describe_step_faults"]

_SHOWN = 5
_RUN = "This is not a trace run: "


def describe_faults(error: ValidationError, step_at: Callable[[int], Any]) -> str:
    """Say where a run has its first faults, by the ids of its steps.

    Args:
        error: What is wrong with it.
        step_at: Gives the JSON of the step with a number, counted from 0.
    """
    faults = error.errors(include_url=False, include_context=False)
    # What else is wrong with a run of another format means nothing.
    faults = [fault for fault in faults if fault["loc"] == ("format_version",)] or faults
    return _RUN + _joined([_describe_fault(fault, step_at) for fault in faults])


def describe_step_faults(
    error: ValidationError, number: int, step: Any, opening: str = _RUN
) -> str:
    """Say what is wrong with one step.

    Args:
        error: What is wrong with it.
        number: Its place in the run, counted from 1.
        step: Its JSON.
        opening: What the sentence begins with.
    """
    faults = error.errors(include_url=False, include_context=False)
    lines = [_describe_in_step(fault, fault["loc"], number, step) for fault in faults]
    return opening + _joined(lines)


def _joined(lines: Sequence[str]) -> str:
    more = f" And {len(lines) - _SHOWN} more." if len(lines) > _SHOWN else ""
    return f"{' '.join(lines[:_SHOWN])}{more}"


def _describe_fault(fault: "ErrorDetails", step_at: Callable[[int], Any]) -> str:
    place = fault["loc"]
    if len(place) >= 2 and place[0] == "steps" and isinstance(place[1], int):
        return _describe_in_step(fault, place[2:], place[1] + 1, step_at(place[1]))
    field = ".".join(map(str, place))
    return f"`{field}`: {_message(fault)}." if field else f"{_message(fault)}."


def _describe_in_step(
    fault: "ErrorDetails", place: tuple[int | str, ...], number: int, step: Any
) -> str:
    facts = step if isinstance(step, dict) else {}
    if fault["type"].startswith("union_tag"):
        place = (*place, "step_type")
    id_ = f" {facts['step_id']!r}" if isinstance(facts.get("step_id"), str) else ""
    hidden = ("known", "opaque", facts.get("step_type"))
    field = ".".join(str(part) for part in place if part not in hidden)
    return f"step {number}{id_}{f', `{field}`' if field else ''}: {_message(fault)}."


def _message(fault: "ErrorDetails") -> str:
    if fault["type"].startswith("union_tag"):
        return "expected a text, as `llm_call`"
    return fault["msg"].removeprefix("Value error, ")
