"""A model's text to a typed value."""

import json
import re
from typing import Any

from agentglass.workflow.field_types import FieldType

__all__ = ["AnswerError", "answer_schema", "read_answer"]

_WRAPPER = "value"
"""Providers want an object at the top, so any other type travels under this key."""

_FENCE = re.compile(r"\s*```[a-zA-Z]*\s*\n(?P<body>.*?)\n?\s*```\s*", re.DOTALL)


class AnswerError(ValueError):
    """A model's answer is not what was asked for."""

    def request_for_another(self) -> str:
        """Return what to tell the model."""
        return f"Your answer cannot be used: {self} Answer again, with the JSON alone."


def answer_schema(answer: FieldType) -> dict[str, Any] | None:
    """Return the JSON Schema to ask for; None where the answer is text."""
    if answer.kind == "str":
        return None
    if answer.kind in ("object", "dict"):
        return answer.json_schema()
    return {
        "type": "object",
        "properties": {_WRAPPER: answer.json_schema()},
        "required": [_WRAPPER],
        "additionalProperties": False,
    }


def read_answer(text: str, answer: FieldType) -> Any:
    """Read an answer.

    JSON in a code fence is read too, and a bare value where an object around it was asked for.

    Raises:
        AnswerError: The text is not JSON, or of another type.
    """
    if answer.kind == "str":
        return text
    fenced = _FENCE.fullmatch(text)
    try:
        value = json.loads(fenced["body"] if fenced else text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        shown = repr(text if len(text) <= 200 else f"{text[:197]}...")
        raise AnswerError(f"it is not JSON ({error}): {shown}.") from error
    if answer.kind not in ("object", "dict") and isinstance(value, dict) and len(value) == 1:
        value = value.get(_WRAPPER, value)
    mismatch = answer.mismatch(value)
    if mismatch:
        raise AnswerError(f"{mismatch}.")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")
