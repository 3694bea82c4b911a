"""Conditions: `score > 3 and state.kind in ["a", "b"]`, checked when read, bounded when evaluated.

A condition is an expression of Python without attributes, methods, comprehensions or lambdas: names
and paths of the state, literals, comparisons, arithmetic, and the functions of `FUNCTIONS`. The paths
are looked up as those of templates are; the rest is simpleeval's.
"""

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from simpleeval import DEFAULT_OPERATORS, EvalWithCompoundTypes, InvalidExpression

from agentglass.errors import did_you_mean
from agentglass.workflow.templates import Expression, Scope, TemplateError, parse_template

__all__ = ["CONSTANTS", "FUNCTIONS", "Condition", "ConditionError", "parse_condition"]

_MAX_CHARACTERS = 2000
_MAX_PARTS = 400

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": abs,
    "all": all,
    "any": any,
    "bool": bool,
    "ends_with": lambda text, end: str(text).endswith(end),
    "float": float,
    "int": int,
    "len": len,
    "lower": lambda text: str(text).lower(),
    "max": max,
    "min": min,
    "round": round,
    "starts_with": lambda text, start: str(text).startswith(start),
    "str": str,
    "strip": lambda text: str(text).strip(),
    "upper": lambda text: str(text).upper(),
}
"""What a condition may call."""

CONSTANTS: Mapping[str, Any] = {"true": True, "false": False, "null": None, "none": None}
"""What people write who know JSON or YAML; a state field of that name wins."""

_ALLOWED: tuple[type[ast.AST], ...] = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.UAdd,
    ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod,
    ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Is,
    ast.IsNot, ast.IfExp, ast.Call, ast.Name, ast.Load, ast.Constant, ast.List, ast.Tuple,
)  # fmt: skip


def _remainder(left: Any, right: Any) -> Any:
    if isinstance(left, str | bytes):
        raise TypeError("% is for numbers; it formats no text")
    return left % right


# Of a text, `%` could make a gigabyte: '%1000000000d' % 1.
_OPERATORS: Mapping[type[ast.AST], Callable[..., Any]] = {**DEFAULT_OPERATORS, ast.Mod: _remainder}

_QUOTED_OR_TEMPLATE = re.compile(
    r"""(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|\$?\{[^{}'"]*\}""", re.DOTALL
)
_HINTS = (("&&", "and"), ("||", "or"), ("===", "=="), ("!==", "!="))


class ConditionError(ValueError):
    """A condition cannot be read or evaluated."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that was read."""

    text: str
    """As written."""
    tree: ast.Expression
    """With a name of ours in place of each path."""
    paths: Mapping[str, Expression]
    """Those names -> what they stand for."""

    def holds(self, scope: Scope) -> bool:
        """Tell whether the condition is true.

        Raises:
            ConditionError: It names something that is not there, or its values do not fit together.
        """
        try:
            # Looked up when needed, so that `x is not None and x.score > 3` is safe.
            evaluator = EvalWithCompoundTypes(
                operators=_OPERATORS,
                functions=dict(FUNCTIONS),
                names=lambda node: _look_up(self.paths[node.id], scope),
            )
            return bool(evaluator.eval(self.text, previously_parsed=self.tree.body))
        except (InvalidExpression, ArithmeticError, TypeError, ValueError, LookupError) as error:
            raise ConditionError(
                f"The condition {self.text!r} cannot be evaluated: {error}"
            ) from error


@lru_cache(maxsize=4096)
def parse_condition(text: str) -> Condition:
    """Read a condition.

    Raises:
        ConditionError: It is not an expression of the language.
    """
    if len(text) > _MAX_CHARACTERS:
        raise ConditionError(f"A condition has at most {_MAX_CHARACTERS:,} characters.")
    paths: dict[str, Expression] = {}
    plain = _QUOTED_OR_TEMPLATE.sub(lambda match: _template_to_name(match, paths), text)
    try:
        tree = ast.parse(plain.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        hints = [f"write {ours!r} for {theirs!r}" for theirs, ours in _HINTS if theirs in text]
        reason = getattr(error, "msg", None) or str(error)
        raise ConditionError(
            f"The condition {text!r} cannot be read: {reason}."
            + (f" In conditions {' and '.join(hints)}." if hints else "")
        ) from error
    if sum(1 for _ in ast.walk(tree)) > _MAX_PARTS:
        raise ConditionError(f"The condition {text[:80]!r}... has too many parts; split it up.")
    tree = _PathReader(text, paths).visit(tree)
    _check(text, tree)
    return Condition(text, tree, paths)


def _template_to_name(match: re.Match[str], paths: dict[str, Expression]) -> str:
    expressions = () if match["quoted"] else parse_template(match[0]).expressions
    if len(expressions) != 1:
        return match[0]
    name = f"_path_{len(paths)}"
    paths[name] = expressions[0]
    return name


class _PathReader(ast.NodeTransformer):
    """Puts a name of ours in place of each `a`, `a.b`, `a[0]`, `a["b"]`."""

    def __init__(self, text: str, paths: dict[str, Expression]) -> None:
        self._text = text
        self._paths = paths

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self._name(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return self._name(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        return self._name(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS or node.keywords:
            called = ast.unparse(node.func)
            raise ConditionError(
                f"The condition {self._text!r} calls {called!r}.{did_you_mean(called, FUNCTIONS)} "
                f"Functions: {', '.join(FUNCTIONS)}."
            )
        node.args = [self.visit(argument) for argument in node.args]
        return node

    def _name(self, node: ast.expr) -> ast.AST:
        steps = _path_of(node)
        if steps is None:
            raise ConditionError(
                f"The condition {self._text!r}: {ast.unparse(node)!r} is not a path. "
                "Expected: names, keys and numbers, as in items[0].name."
            )
        root = str(steps[0])
        if root.startswith("_path_") and root in self._paths:
            known = self._paths[root]
            return self._added(Expression(known.text, known.steps + steps[1:], known.names_nodes))
        return self._added(Expression(ast.unparse(node), steps))

    def _added(self, path: Expression) -> ast.AST:
        name = f"_path_{len(self._paths)}"
        self._paths[name] = path
        return ast.Name(name, ast.Load())


def _path_of(node: ast.expr) -> tuple[str | int, ...] | None:
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        above = _path_of(node.value)
        return None if above is None else (*above, node.attr)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        above, key = _path_of(node.value), node.slice.value
        if above is not None and isinstance(key, str | int) and not isinstance(key, bool):
            return (*above, key)
    return None


def _check(text: str, tree: ast.Expression) -> None:
    for part in ast.walk(tree):
        if not isinstance(part, _ALLOWED):
            raise ConditionError(
                f"The condition {text!r} has a part that conditions cannot have "
                f"({type(part).__name__}). Expected: comparisons, and, or, not, in, arithmetic."
            )


def _look_up(path: Expression, scope: Scope) -> Any:
    try:
        return scope.resolve(path)
    except TemplateError:
        if len(path.steps) == 1 and path.root in CONSTANTS:
            return CONSTANTS[path.root]
        raise
