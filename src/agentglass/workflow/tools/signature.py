"""What a function takes, as a JSON Schema that a model reads and a check of what it answers."""

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NotRequired, get_origin

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import to_jsonable_python
from typing_extensions import TypedDict, is_typeddict

from agentglass.errors import did_you_mean
from agentglass.workflow.templates import STATE
from agentglass.workflow.tools.docstring import argument_texts

__all__ = ["ArgumentError", "Signature", "SignatureError", "parameters_schema", "read_signature"]

_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_SHOWN_PROBLEMS = 10
_SHOWN_CHARS = 80


class SignatureError(TypeError):
    """A function cannot be called by the names of its arguments, or its types are not known."""


class ArgumentError(ValueError):
    """The arguments of a call do not fit."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function takes, by name."""

    schema: Mapping[str, Any]
    """JSON Schema of the arguments."""
    takes_state: bool
    """Whether it wants the state of the workflow, which is no argument of a model."""
    _adapter: TypeAdapter[dict[str, Any]]

    def validate(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments as the values that the function expects.

        Raises:
            ArgumentError: An argument is missing, unknown or of another type.
        """
        try:
            return self._adapter.validate_python(dict(arguments))
        except ValidationError as error:
            raise ArgumentError(self._explain(error)) from None

    def _explain(self, error: ValidationError) -> str:
        names = list(self.schema["properties"])
        problems = error.errors(include_url=False, include_context=False)
        lines = [_problem(problem, names) for problem in problems[:_SHOWN_PROBLEMS]]
        return f"{'; '.join(lines)}. Arguments: {', '.join(names) or 'none'}."


def parameters_schema(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the JSON Schema of a function's arguments.

    Raises:
        SignatureError: The function cannot be called by the names of its arguments.
    """
    return dict(read_signature(function).schema)


def read_signature(function: Callable[..., Any]) -> Signature:
    """Read what a function takes from its type hints and its docstring.

    A parameter `state` without a type, or with that of a mapping, stands for the workflow's state.

    Raises:
        SignatureError: The function cannot be called by the names of its arguments.
    """
    parameters = list(_parameters(function))
    arguments = [parameter for parameter in parameters if not _is_state(parameter)]
    texts = argument_texts(function)
    fields = {
        parameter.name: _field(parameter, texts.get(parameter.name))
        for parameter in arguments
        if parameter.kind in _BY_NAME
    }
    takes_more = any(item.kind is inspect.Parameter.VAR_KEYWORD for item in arguments)
    try:
        adapter = _adapter(fields, takes_more)
        schema = adapter.json_schema(schema_generator=_Untitled)
    except (PydanticUserError, TypeError, NameError) as error:
        # What follows is advice to programs that use pydantic themselves.
        reason = str(error).partition("\n")[0].partition(". Set ")[0]
        raise SignatureError(f"a type of its arguments cannot be used: {reason}.") from error
    schema.pop("title", None)
    return Signature({"properties": {}, **schema}, len(arguments) < len(parameters), adapter)


class _Untitled(GenerateJsonSchema):
    """Leaves out titles, which repeat the names and cost tokens."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _adapter(fields: Mapping[str, Any], takes_more: bool) -> TypeAdapter[dict[str, Any]]:
    # A typed dictionary can have any keys; a model could have no argument named `schema`.
    arguments = _typed_dict(dict(fields))
    arguments.__pydantic_config__ = ConfigDict(extra="allow" if takes_more else "forbid")
    return TypeAdapter(arguments)


def _typed_dict(fields: dict[str, Any]) -> Any:
    return TypedDict("Arguments", fields)  # type: ignore[operator]


def _parameters(function: Callable[..., Any]) -> Iterator[inspect.Parameter]:
    try:
        signature = inspect.signature(function, eval_str=True)
    except (TypeError, ValueError, NameError, SyntaxError, AttributeError) as error:
        raise SignatureError(f"its arguments cannot be read: {error}.") from error
    for parameter in signature.parameters.values():
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            raise SignatureError(
                f"the argument {parameter.name!r} can be given by its position only; tools are "
                "called by name. Remove the '/' from the function."
            )
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            raise SignatureError(
                f"'*{parameter.name}' takes arguments without a name; tools are called by name. "
                f"Write a list instead: {parameter.name}: list[str]."
            )
        yield parameter


def _is_state(parameter: inspect.Parameter) -> bool:
    hint = parameter.annotation
    kind = get_origin(hint) or hint
    is_mapping = isinstance(kind, type) and issubclass(kind, Mapping)
    is_open = kind in (inspect.Parameter.empty, Any) or is_mapping or is_typeddict(kind)
    return parameter.name == STATE and parameter.kind in _BY_NAME and is_open


def _field(parameter: inspect.Parameter, documented: str | None) -> Any:
    """Return the type of an argument, with what is said about it."""
    is_typed = parameter.annotation is not inspect.Parameter.empty
    hint = parameter.annotation if is_typed else Any
    about: dict[str, Any] = {}
    description = _noted(hint) or documented
    if description:
        about["description"] = description
    if parameter.default is inspect.Parameter.empty:
        return _described(hint, about)
    default = _json_default(parameter.default)
    if default is not None:
        about["json_schema_extra"] = {"default": default}
    return NotRequired[_described(hint, about)]


def _noted(hint: Any) -> str | None:
    """Return the description in `Annotated[T, "description"]` or `Annotated[T, Field(...)]`."""
    notes = getattr(hint, "__metadata__", ())
    texts = (
        note if isinstance(note, str) else getattr(note, "description", None) for note in notes
    )
    return next((text for text in texts if isinstance(text, str)), None)


def _described(hint: Any, about: dict[str, Any]) -> Any:
    return Annotated[hint, Field(**about)] if about else hint


def _json_default(value: Any) -> Any:
    """Return a default as JSON; None where it has no such form, and is better not shown."""
    try:
        plain = to_jsonable_python(value)
        json.dumps(plain, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        return None
    return plain


def _problem(problem: Any, names: list[str]) -> str:
    name, *inside = problem["loc"] or ("arguments",)
    where = "".join([str(name), *(_step(step) for step in inside)])
    if problem["type"] == "missing":
        return f"the argument {where!r} is missing"
    if problem["type"] == "extra_forbidden":
        hint = "" if inside else did_you_mean(where, names).strip()
        return f"there is no argument {where!r}" + (f" ({hint})" if hint else "")
    given = repr(problem["input"])
    shown = given if len(given) <= _SHOWN_CHARS else f"{given[: _SHOWN_CHARS - 3]}..."
    return f"the argument {where!r}: {problem['msg']}, got {shown}"


def _step(step: int | str) -> str:
    return f"[{step}]" if isinstance(step, int) else f".{step}"
