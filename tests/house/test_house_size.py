"""Files and functions stay small enough to be read at once."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("src", "tests", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50


@pytest.mark.parametrize("file", FILES)
def test_a_file_is_within_its_budget(file: str) -> None:
    lines = (ROOT / file).read_text(encoding="utf-8").count("\n")

    assert lines <= MAX_FILE_LINES


@pytest.mark.parametrize("file", FILES)
def test_every_function_of_a_file_is_within_its_budget(file: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    long = {node.name: lines for node in functions if (lines := _length(node)) > MAX_FUNCTION_LINES}

    assert long == {}


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function, its docstring not included."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is None:
        return lines
    return lines - ((first.end_lineno or first.lineno) - first.lineno + 1)
