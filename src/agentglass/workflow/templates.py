"""Templates: `{name}`, `{state.a.b}`, `${node.key[0]}` in the texts of a workflow file.

Only a path in braces is a template, so JSON in a prompt stays what it is. Doubling the innermost
braces makes a path literal: `{{name}}` is the text `{name}`, and `$${name}` is `${name}`. A value
that was filled in is never read as a template again, and nothing is ever evaluated.

`{x}` is an input of the node or a state field. `${x}` is an input, what the node `x` returned, or a
state field, in this order.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from agentglass.errors import did_you_mean

__all__ = [
    "MAX_TEXT",
    "STATE",
    "Expression",
    "Scope",
    "Template",
    "TemplateError",
    "as_text",
    "parse_template",
    "render",
    "templates_in",
]

STATE = "state"
"""The name under which templates reach the state even where an input has the same name."""

MAX_TEXT = 16 * 1024 * 1024
"""Characters that a rendered text has at most; templates in a loop could double it every time."""

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_KEY = r"[A-Za-z_][A-Za-z0-9_-]*"
_PATH = rf"{_NAME}(?:\.{_NAME}|\[[0-9]{{1,9}}\])*"
_NODE_PATH = rf"{_KEY}(?:\.{_KEY}|\[[0-9]{{1,9}}\])*"
_TEMPLATE = re.compile(
    rf"\$(?P<escaped>\$\{{{_NODE_PATH}\}})|\$\{{(?P<node_path>{_NODE_PATH})\}}"
    rf"|\{{\{{(?P<literal>{_PATH})\}}\}}|\{{(?P<path>{_PATH})\}}"
)
_STEP = re.compile(rf"{_KEY}|\[[0-9]+\]")


class TemplateError(LookupError):
    """A template names something that is not there."""


@dataclass(frozen=True, slots=True)
class Expression:
    """One `{path}`."""

    text: str
    """As written, braces included."""
    steps: tuple[str | int, ...]
    """A name, then keys of mappings and indexes of lists."""
    names_nodes: bool = False
    """Whether it is a `${path}`, whose name may be that of a node."""

    @property
    def root(self) -> str:
        """The first name."""
        return str(self.steps[0])


@dataclass(frozen=True, slots=True)
class Template:
    """A text, cut into literal parts and expressions."""

    parts: tuple[str | Expression, ...]

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The expressions, in order."""
        return tuple(part for part in self.parts if isinstance(part, Expression))


@dataclass(frozen=True, slots=True)
class Scope:
    """What templates can name: a node's inputs, what nodes returned, and the state below them."""

    state: Mapping[str, Any]
    inputs: Mapping[str, Any]
    returned: Mapping[str, Any] = field(default_factory=dict)
    """Node id -> what it returned, for the nodes that some `${...}` names."""

    def with_inputs(self, inputs: Mapping[str, Any]) -> "Scope":
        """Return the scope with these inputs before those that are there."""
        return Scope(self.state, {**self.inputs, **inputs}, self.returned)

    def resolve(self, expression: Expression) -> Any:
        """Return the value that an expression stands for.

        Raises:
            TemplateError: There is no such name, key or index.
        """
        root, *steps = expression.steps
        if root in self.inputs:
            value = self.inputs[str(root)]
        elif expression.names_nodes and root in self.returned:
            value = self.returned[str(root)]
        elif root in self.state:
            value = self.state[str(root)]
        elif root == STATE:
            value = self.state
        else:
            known = [*self.inputs, *(self.returned if expression.names_nodes else ()), *self.state]
            what = (
                "neither an input of the node, a node that has run, nor a state field"
                if expression.names_nodes
                else "neither an input of the node nor a state field"
            )
            raise TemplateError(
                f"Template {expression.text!r} names {root!r}, which is {what}."
                f"{did_you_mean(str(root), known)} Known: {', '.join(known)}."
            )
        for step in steps:
            value = _descend(value, step, expression.text)
        return value


@lru_cache(maxsize=4096)
def parse_template(text: str) -> Template:
    """Cut a text into literal parts and expressions."""
    parts: list[str | Expression] = []
    end = 0
    for match in _TEMPLATE.finditer(text):
        literal = f"{{{match['literal']}}}" if match["literal"] else match["escaped"] or ""
        before = text[end : match.start()] + literal
        if before:
            parts.append(before)
        if match["path"]:
            parts.append(Expression(match[0], _steps(match["path"])))
        elif match["node_path"]:
            parts.append(Expression(match[0], _steps(match["node_path"]), names_nodes=True))
        end = match.end()
    if text[end:]:
        parts.append(text[end:])
    return Template(tuple(parts))


def render(value: Any, scope: Scope, resolutions: dict[str, Any]) -> Any:
    """Fill in the templates of a text, or of the texts inside a list or mapping.

    A text that is one template becomes the value itself and keeps its type. Inside a larger text
    None becomes nothing and anything but text becomes JSON.

    Args:
        value: A text, or lists and mappings of texts; anything else is returned as it is.
        scope: Where names are looked up.
        resolutions: Receives what every expression stood for, under the expression as written;
            of one that failed, why.

    Raises:
        TemplateError: A template names something that is not there, or the text grows too long.
    """
    if isinstance(value, str):
        return _render_text(parse_template(value), scope, resolutions)
    if isinstance(value, Mapping):
        return {key: render(item, scope, resolutions) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [render(item, scope, resolutions) for item in value]
    return value


def templates_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, Expression]]:
    """Yield every expression in a text, list or mapping, with the path of the text that holds it."""
    if isinstance(value, str):
        yield from ((path, expression) for expression in parse_template(value).expressions)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from templates_in(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from templates_in(item, (*path, index))


def _render_text(template: Template, scope: Scope, resolutions: dict[str, Any]) -> Any:
    values: list[Any] = []
    for part in template.parts:
        if isinstance(part, Expression):
            values.append(_resolve(part, scope, resolutions))
        else:
            values.append(part)
    return values[0] if len(values) == 1 else _join(values)


def _resolve(expression: Expression, scope: Scope, resolutions: dict[str, Any]) -> Any:
    try:
        value = resolutions[expression.text] = scope.resolve(expression)
    except TemplateError as error:
        resolutions[expression.text] = f"<{error}>"
        raise
    return value


def _join(values: list[Any]) -> str:
    texts, length = [], 0
    for value in values:
        texts.append(as_text(value))
        length += len(texts[-1])
        if length > MAX_TEXT:
            raise TemplateError(
                f"A text made from templates has more than {MAX_TEXT:,} characters. "
                "Cut what is filled in, or hand it on as a value of its own."
            )
    return "".join(texts)


def as_text(value: Any) -> str:
    """Write a value as it stands inside a larger text.

    Raises:
        TemplateError: It cannot be written, as a list that holds itself.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, TypeError, RecursionError) as error:
        kind = type(value).__name__
        raise TemplateError(
            f"A value of type {kind!r} cannot be written as JSON: {error}"
        ) from error


def _steps(path: str) -> tuple[str | int, ...]:
    return tuple(int(step[1:-1]) if step.startswith("[") else step for step in _STEP.findall(path))


def _descend(value: Any, step: str | int, text: str) -> Any:
    if isinstance(step, int):
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            raise TemplateError(f"Template {text!r}: [{step}] needs a list, not {_kind(value)}.")
        if step >= len(value):
            raise TemplateError(
                f"Template {text!r}: there is no item {step} in a list of {len(value)}."
            )
        return value[step]
    if not isinstance(value, Mapping):
        raise TemplateError(f"Template {text!r}: {step!r} needs a mapping, not {_kind(value)}.")
    if step not in value:
        keys = [str(key) for key in value]
        raise TemplateError(
            f"Template {text!r}: there is no {step!r}.{did_you_mean(step, keys)} "
            f"Keys: {', '.join(keys[:20]) or 'none'}."
        )
    return value[step]


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"a value of type {type(value).__name__!r}"
