"""The values that a workflow file declares: state fields, and what an answer must look like."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from agentglass.workflow.field_types import FieldType, parse_type
from agentglass.workflow.sections import Section

__all__ = ["FieldConfig", "OutputSchema", "Reducer", "SchemaField", "StateConfig"]

Reducer = Literal["last", "append", "merge", "sum", "max"]
"""How a write joins the value that a state field has."""


class SchemaField(Section):
    """A member of an object."""

    type: str
    """A type, as in `list[str]`."""
    description: str | None = None
    schema_: dict[str, "SchemaMember"] = Field(default_factory=dict, alias="schema")
    """The members, where the type is `object`."""

    def field_type(self) -> FieldType:
        """Return the type that is meant.

        Raises:
            TypeTextError: The text names no type.
        """
        members = {name: member.field_type() for name, member in self.schema_.items()}
        return replace(parse_type(self.type, members), description=self.description)


def _expand_type(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


SchemaMember = Annotated[
    SchemaField,
    BeforeValidator(_expand_type, json_schema_input_type=str | SchemaField),
]
"""A member as a mapping, or its type alone."""


class FieldConfig(SchemaField):
    """A field of the state."""

    required: bool = False
    """Whether a run must be given a value; excludes `default`."""
    default: Any = None
    reducer: Reducer = "last"
    """How a node's write joins the value that is there."""


StateMember = Annotated[
    FieldConfig,
    BeforeValidator(_expand_type, json_schema_input_type=str | FieldConfig),
]


class StateConfig(Section):
    """What the nodes share."""

    fields: dict[str, "StateMember"] = Field(default_factory=dict)
    """Name -> field, or its type alone."""


class OutputSchema(Section):
    """What an answer must look like."""

    type: str
    """A type, as in `list[str]`; `object` with fields."""
    description: str | None = None
    fields: list["OutputField"] = Field(default_factory=list)
    """The members of an object."""

    def field_type(self) -> FieldType:
        """Return the type that is meant.

        Raises:
            TypeTextError: The text names no type.
        """
        members = {item.name: item.field_type() for item in self.fields}
        return replace(parse_type(self.type, members), description=self.description)


class OutputField(SchemaField):
    """A named member of an answer."""

    name: str
