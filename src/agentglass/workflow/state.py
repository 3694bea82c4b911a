"""The typed state: its first value, the writes of nodes, and how writes join what is there."""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from agentglass.errors import NodeError, StateInitializationError, did_you_mean
from agentglass.workflow.field_config import Reducer
from agentglass.workflow.field_types import FieldType

__all__ = ["REDUCERS", "StateField", "checked_update", "initial_state", "map_outputs"]


@dataclass(frozen=True, slots=True)
class StateField:
    """A field of the state."""

    name: str
    type: FieldType
    required: bool = False
    default: Any = None
    description: str | None = None
    reducer: Reducer = "last"

    def mismatch(self, value: Any) -> str | None:
        """Tell why a value cannot be written to the field; None when it can."""
        if value is None and not self.required:
            return None
        if self.reducer == "append" and not isinstance(value, list | tuple):
            value = [value]
        return self.type.mismatch(value)

    def accepts(self, written: FieldType) -> bool:
        """Tell whether a value of that type can, or may be able to, be written to the field."""
        if self.reducer == "append" and written.kind != "list":
            written = FieldType("list", written)
        return self.type.accepts(written)


def _append(old: Any, new: Any) -> Any:
    added = list(new) if isinstance(new, list | tuple) else [new]
    return [*(old or ()), *added]


def _merge(old: Any, new: Any) -> Any:
    return {**(old or {}), **new}


def _sum(old: Any, new: Any) -> Any:
    return new if old is None else old + new


def _max(old: Any, new: Any) -> Any:
    return new if old is None else max(old, new)


def _unless_none(reduce: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda old, new: old if new is None else reduce(old, new)


REDUCERS: Mapping[str, Callable[[Any, Any], Any]] = {
    "append": _unless_none(_append),
    "merge": _unless_none(_merge),
    "sum": _unless_none(_sum),
    "max": _unless_none(_max),
}
"""How a write joins the value that is there; fields with `last` have no entry."""


def initial_state(fields: Mapping[str, StateField], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Make the state that a run starts with; a field without a value holds None.

    Texts are read as values of the field's type, so `"3"` is good for an int.

    Raises:
        StateInitializationError: Inputs are unknown, missing or of the wrong type; all are named at once.
    """
    problems = [*_unknown_inputs(fields, inputs), *_missing_inputs(fields.values(), inputs)]
    state: dict[str, Any] = {}
    for field in fields.values():
        if field.name not in inputs:
            state[field.name] = deepcopy(field.default)
            continue
        try:
            state[field.name] = _read_input(field, inputs[field.name])
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise StateInitializationError("\n".join(problems))
    return state


def checked_update(
    node_id: str, fields: Mapping[str, StateField], update: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a node writes, once every value fits its field.

    Raises:
        NodeError: A value does not fit.
    """
    for name, value in update.items():
        mismatch = fields[name].mismatch(value)
        if mismatch:
            raise NodeError(
                node_id, f"its output does not fit the state field {name!r}: {mismatch}."
            )
    return dict(update)


def map_outputs(node_id: str, outputs: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Spread what a node returned over its outputs.

    A mapping that has all of them by name is spread; what else it holds is left out. Otherwise a
    node with one output writes the whole value there.

    Raises:
        NodeError: Several outputs, and the value does not have them all.
    """
    if isinstance(value, Mapping) and all(name in value for name in outputs):
        return {name: value[name] for name in outputs}
    if len(outputs) == 1:
        return {outputs[0]: value}
    wanted = ", ".join(outputs)
    if isinstance(value, Mapping):
        missing = next(name for name in outputs if name not in value)
        keys = [str(key) for key in value]
        raise NodeError(
            node_id,
            f"it returned no {missing!r}.{did_you_mean(missing, keys)} Returned: "
            f"{', '.join(keys) or 'an empty mapping'}. Expected: {wanted}.",
        )
    if not outputs:
        return {}
    raise NodeError(
        node_id, f"it returned a {type(value).__name__}. Expected: a mapping with {wanted}."
    )


def _unknown_inputs(fields: Mapping[str, StateField], inputs: Mapping[str, Any]) -> list[str]:
    known = f" Inputs: {', '.join(fields)}." if fields else " This workflow takes no inputs."
    return [
        f"There is no input {name!r}.{did_you_mean(name, fields)}{known}"
        for name in inputs
        if name not in fields
    ]


def _missing_inputs(fields: Iterable[StateField], inputs: Mapping[str, Any]) -> list[str]:
    return [
        f"The input {field.name!r} ({field.type}) is missing"
        + (f": {field.description.rstrip('.')}." if field.description else ".")
        for field in fields
        if field.required and field.name not in inputs
    ]


def _read_input(field: StateField, value: Any) -> Any:
    if isinstance(value, str) and field.type.kind != "str":
        try:
            value = field.type.parse(value)
        except ValueError as error:
            shown = repr(value) if len(value) <= 80 else f"{value[:77]!r}..."
            raise ValueError(f"The input {field.name!r} is {shown}: {error}.") from error
    else:
        value = deepcopy(value)
    mismatch = field.mismatch(value)
    if mismatch:
        raise ValueError(f"The input {field.name!r}: {mismatch}.")
    return value
