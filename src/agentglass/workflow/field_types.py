"""The types of state fields: str, int, float, bool, list[T], dict[K, V], object with a schema."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agentglass.errors import did_you_mean

__all__ = ["FieldType", "TypeTextError", "parse_type"]

_SCALARS: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
}
_FOREIGN = {
    "string": "str",
    "text": "str",
    "integer": "int",
    "number": "float",
    "double": "float",
    "boolean": "bool",
    "array": "list",
    "map": "dict",
    "mapping": "dict",
}
_KINDS = (*_SCALARS, "list", "dict", "object")
_JSON_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_GENERIC = re.compile(r"(?P<kind>\w+)\s*\[(?P<arguments>.*)\]", re.DOTALL)
_MAX_NESTING = 20


class TypeTextError(ValueError):
    """A text does not name a type."""


@dataclass(frozen=True, slots=True)
class FieldType:
    """A type of the workflow language."""

    kind: str
    """One of str, int, float, bool, list, dict, object."""
    item: "FieldType | None" = None
    """Of a list's items or a dict's values; None means anything."""
    members: Mapping[str, "FieldType"] = field(default_factory=dict)
    """What an object must hold; empty means anything."""
    description: str | None = None
    """What the value means, for a model that is asked for it."""

    def __str__(self) -> str:
        if self.item is None:
            return self.kind
        return f"dict[str, {self.item}]" if self.kind == "dict" else f"{self.kind}[{self.item}]"

    def mismatch(self, value: Any) -> str | None:
        """Tell what is wrong with a value: `[2].name: expected str, got 3`; None when it fits."""
        if self.kind in _SCALARS:
            is_bool = isinstance(value, bool)
            fits = isinstance(value, _SCALARS[self.kind]) and is_bool == (self.kind == "bool")
            return None if fits else self._expected(value)
        if self.kind == "list":
            if not isinstance(value, list | tuple):
                return self._expected(value)
            return self._first_mismatch(enumerate(value)) if self.item else None
        if not isinstance(value, Mapping):
            return self._expected(value)
        return self._mapping_mismatch(value)

    def parse(self, text: str) -> Any:
        """Read a value from text, as given on a command line.

        Raises:
            ValueError: The text is no such value.
        """
        if self.kind == "str":
            return text
        if self.kind == "bool":
            words = {"true": True, "false": False}
            if text.strip().lower() not in words:
                raise ValueError("expected true or false")
            return words[text.strip().lower()]
        if self.kind in ("int", "float"):
            return self._parse_number(text)
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"expected {self} as JSON") from error
        return value

    def accepts(self, other: "FieldType") -> bool:
        """Tell whether every value of the other type can be written to this one."""
        kind = {self.kind, other.kind}
        if self.kind != other.kind and (self.kind, other.kind) != ("float", "int"):
            return kind == {"dict", "object"}
        return self.item is None or other.item is None or self.item.accepts(other.item)

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the type."""
        schema = self._json_schema()
        return schema if self.description is None else {**schema, "description": self.description}

    def _json_schema(self) -> dict[str, Any]:
        if self.kind in _JSON_TYPES:
            return {"type": _JSON_TYPES[self.kind]}
        if self.kind == "list":
            return {"type": "array", "items": self.item.json_schema() if self.item else {}}
        schema: dict[str, Any] = {"type": "object"}
        if self.item is not None:
            schema["additionalProperties"] = self.item.json_schema()
        if self.members:
            schema["properties"] = {
                name: member.json_schema() for name, member in self.members.items()
            }
            schema["required"] = list(self.members)
            schema["additionalProperties"] = False
        return schema

    def _parse_number(self, text: str) -> int | float:
        try:
            number = int(text) if self.kind == "int" else float(text)
        except ValueError as error:
            raise ValueError(f"expected {self}") from error
        if isinstance(number, float) and not math.isfinite(number):
            raise ValueError("expected a finite number")
        return number

    def _expected(self, value: Any) -> str:
        shown = repr(value)
        shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
        return f"expected {self}, got {shown}"

    def _first_mismatch(self, items: Any) -> str | None:
        for key, value in items:
            problem = self.item.mismatch(value) if self.item else None
            if problem:
                return f"[{key!r}]{'' if problem.startswith('[') else ': '}{problem}"
        return None

    def _mapping_mismatch(self, value: Mapping[Any, Any]) -> str | None:
        stranger = next((key for key in value if not isinstance(key, str)), None)
        if stranger is not None:
            return f"expected text as keys, got {stranger!r}"
        if self.item is not None:
            return self._first_mismatch(value.items())
        for name, member in self.members.items():
            if name not in value:
                return f"expected the key {name!r} ({member}); there is: {', '.join(value) or '-'}"
            problem = member.mismatch(value[name])
            if problem:
                return f"[{name!r}]{'' if problem.startswith('[') else ': '}{problem}"
        return None


def parse_type(text: str, members: Mapping[str, FieldType] | None = None) -> FieldType:
    """Read a type as it is written in a workflow file.

    Args:
        text: As in `list[str]`.
        members: What an `object` holds.

    Raises:
        TypeTextError: The text names no type.
    """
    if members and text.strip() != "object":
        raise TypeTextError(f"A schema belongs to the type 'object', not to {text!r}.")
    parsed = _parse(text, 0)
    return FieldType("object", members=members) if members else parsed


def _parse(text: str, depth: int) -> FieldType:
    text = text.strip()
    if depth > _MAX_NESTING:
        raise TypeTextError(f"The type is nested more than {_MAX_NESTING} deep.")
    match = _GENERIC.fullmatch(text)
    if match is None:
        if text not in _KINDS:
            raise _unknown(text)
        return FieldType(text)
    kind, arguments = match["kind"], match["arguments"]
    if kind == "list":
        return FieldType("list", _parse(arguments, depth + 1))
    if kind == "dict":
        key, comma, value = arguments.partition(",")
        if not comma or key.strip() != "str":
            raise TypeTextError(f"{text!r} is not a type. Expected: dict[str, T]; keys are text.")
        return FieldType("dict", _parse(value, depth + 1))
    raise _unknown(kind)


def _unknown(text: str) -> TypeTextError:
    hint = f" Did you mean {_FOREIGN[text]!r}?" if text in _FOREIGN else did_you_mean(text, _KINDS)
    return TypeTextError(
        f"{text!r} is not a type.{hint} "
        "Types: str, int, float, bool, list, list[T], dict, dict[str, T], object."
    )
