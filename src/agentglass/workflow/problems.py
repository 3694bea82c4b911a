"""What pydantic finds wrong with a section, as problems with a place in the file."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from agentglass.errors import Problem, did_you_mean
from agentglass.workflow.source import Source, ValuePath, path_text

__all__ = ["UNSUPPORTED", "Fault", "faults_of", "problems_of", "shown"]

UNSUPPORTED: Mapping[str, str] = dict.fromkeys(
    (
        "budget", "code", "gates", "logging", "memory", "opentelemetry", "sandbox", "schedules",
        "sinks", "storage", "webhooks",
    ),
    "this version does not have it",
)  # fmt: skip
"""Keys of the language that a file may hold in good faith, and why they are refused today."""

_EXPECTED: Mapping[str, str] = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "float_type": "a number",
    "int_type": "a whole number",
    "list_type": "a list",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "string_too_short": "a text that is not empty",
    "string_type": "a text",
    "too_short": "at least one item",
}
"""Type of a pydantic error -> what to expect instead, in our own words."""

_QUOTED = re.compile(r"'([^']*)'")
_MAX_SHOWN = 80


def problems_of(
    error: ValidationError, model: type[BaseModel], source: Source, at: ValuePath = ()
) -> Iterator[Problem]:
    """Translate what a model found wrong.

    Args:
        error: What it raised.
        model: The model.
        source: The file that the values stand in.
        at: Where the model's value stands in the file.
    """
    for fault in faults_of(error, model, at):
        is_key = fault.code in ("unsupported", "unknown-key")
        yield source.problem(fault.path, fault.code, fault.message, at_key=is_key)


class Fault(NamedTuple):
    """One thing that a model found wrong."""

    path: ValuePath
    code: str
    message: str


def faults_of(
    error: ValidationError, model: type[BaseModel], at: ValuePath = ()
) -> Iterator[Fault]:
    """Say in our own words what a model found wrong; see `problems_of`."""
    details = error.errors(include_url=False)
    unsupported = {
        detail["loc"][:-1]
        for detail in details
        if detail["type"] == "extra_forbidden" and detail["loc"][-1] in UNSUPPORTED
    }
    for detail in details:
        path = (*at, *detail["loc"])
        if detail["type"] == "extra_forbidden":
            yield Fault(path, *_unknown_key(detail, model, at))
        elif detail["type"] == "missing":
            # A section that asks for something of a later version lacks other things because of it.
            if detail["loc"][:-1] not in unsupported:
                where = path_text(path[:-1])
                message = f"The key {path[-1]!r} is missing{f' in {where}' if where else ''}."
                yield Fault(path, "missing", message)
        else:
            yield Fault(path, "value", _wrong_value(detail, path))


def shown(value: Any) -> str:
    """Write a value for a message, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 3]}..."


def _unknown_key(detail: ErrorDetails, model: type[BaseModel], at: ValuePath) -> tuple[str, str]:
    *above, key = detail["loc"]
    if key in UNSUPPORTED:
        return "unsupported", f"{key!r} is not supported: {UNSUPPORTED[str(key)]}."
    known = _keys_at(model, above)
    where = path_text((*at, *above)) or "the file"
    return (
        "unknown-key",
        f"Unknown key {key!r} in {where}.{did_you_mean(str(key), known)} Keys: {', '.join(known)}.",
    )


def _wrong_value(detail: ErrorDetails, path: ValuePath) -> str:
    value = detail["input"]
    expected = _EXPECTED.get(detail["type"], detail["msg"].removeprefix("Input should be "))
    if detail["type"] == "value_error":
        return f"{path_text(path)}: expected {expected.removeprefix('Value error, ')}."
    message = f"{path_text(path)} is {shown(value)}. Expected: {expected}."
    if detail["type"] == "literal_error" and isinstance(value, str):
        return message + did_you_mean(value, _QUOTED.findall(expected))
    wants_text = detail["type"] in ("string_type", "literal_error")
    if wants_text and isinstance(value, int | float) and not isinstance(value, bool):
        return f'{message} Put it in quotes: "{value}".'
    return message


def _keys_at(model: type[BaseModel], loc: list[int | str]) -> list[str]:
    current: type[BaseModel] | None = model
    is_container = False
    for part in loc:
        if is_container:
            is_container = False
            continue
        fields = {} if current is None else _fields(current)
        current, is_container = _inner_model(fields.get(str(part)))
    return [] if current is None else list(_fields(current))


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _inner_model(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    is_container = get_origin(annotation) in (list, dict)
    models = (_inner_model(argument)[0] for argument in get_args(annotation))
    return next((model for model in models if model is not None), None), is_container
