"""The base of everything that a workflow file may hold: unknown keys refused, no types guessed."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

__all__ = ["ConditionText", "Section"]


class Section(BaseModel):
    """The base of all sections: unknown keys are refused, types are not guessed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )


def _condition_text(value: Any) -> Any:
    """Read `{logic: text}`, and YAML's `true` and `false`, as the text that they mean."""
    if isinstance(value, dict) and set(value) == {"logic"}:
        value = value["logic"]
    return str(value) if isinstance(value, bool) else value


ConditionText = Annotated[
    str,
    BeforeValidator(_condition_text, json_schema_input_type=str | bool | dict[str, str]),
]
"""A condition: `score > 3`, or `{logic: "score > 3"}`."""
