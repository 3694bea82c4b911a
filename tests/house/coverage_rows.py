"""docs/coverage read, checked and filled: requirement id -> place -> the tests that show it.

A test names the ids it shows in its docstring. Run as a script, this writes those tests into the
last column of the tables.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT / "docs" / "coverage"
PINNED = Path(__file__).with_name("requirement_ids.txt")

UNTESTED = ("not built yet: ", "checked by `make ", "nothing to build: ")
"""How the last column of a row without a test begins."""
NO_TEST = "not built yet: no test names it"

ID = re.compile(
    r"(?<![\w-])"
    r"(?:A-(?:US\d(?:\.\d|-IT)?|E\d|FR\d|SC\d|KE)|T39\d\d|CP3|C-\d\d\.\d"
    r"|P-(?:[MKITQDS]\d|C\d\d|PROC|DONT)|FR-\d{3}[a-d]?|SC-\d{3}|CF-US\d\.\d|T\d{3}a?)"
    r"(?!\w|\.\d|-\w)"
)
ROW = re.compile(
    r"^\| (?P<id>\S+) \| (?P<requirement>.+) \| (?P<where>[^|]+) \| (?P<test>[^|]+) \|$"
)


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    id: str
    requirement: str
    where: str
    test: str

    @property
    def places(self) -> list[str]:
        """The paths in the column `where`."""
        return re.findall(r"`([^`]+)`", self.where)

    @property
    def tests(self) -> list[str]:
        """The tests that show the requirement, as in `tests/x/test_y.py::test_z`."""
        return re.findall(r"`([^`]+::[^`]+)`", self.test)

    def __str__(self) -> str:
        return f"| {self.id} | {self.requirement} | {self.where} | {self.test} |"


def pinned_ids() -> list[str]:
    """Return every requirement id that there is."""
    return PINNED.read_text(encoding="utf-8").split()


def table_rows() -> list[Row]:
    """Return the rows of every table, in order."""
    lines = [line for path in tables() for line in path.read_text(encoding="utf-8").splitlines()]
    return [row for line in lines if (row := parse_row(line))]


def tables() -> list[Path]:
    """Return the files of docs/coverage that hold a table: one per floor."""
    return sorted(path for path in TABLES.glob("*.md") if path.name != "README.md")


def parse_row(line: str) -> Row | None:
    """Read one line; None when it is not a row with a requirement."""
    match = ROW.match(line)
    return Row(**match.groupdict()) if match and ID.fullmatch(match["id"]) else None


def named_in_tests() -> dict[str, list[str]]:
    """Return requirement id -> the tests whose docstring names it."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for name, docstring in _test_docstrings(tree.body, path.relative_to(ROOT).as_posix()):
            for requirement in dict.fromkeys(ID.findall(docstring)):
                found.setdefault(requirement, []).append(name)
    return found


def _test_docstrings(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, str]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _test_docstrings(node.body, f"{prefix}::{node.name}")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(
            "test"
        ):
            yield f"{prefix}::{node.name}", ast.get_docstring(node) or ""


def fill() -> None:
    """Write the tests that the docstrings name into the tables."""
    named = named_in_tests()
    for path in tables():
        lines = path.read_text(encoding="utf-8").splitlines()
        filled = [str(_filled(row, named)) if (row := parse_row(line)) else line for line in lines]
        path.write_text("\n".join(filled) + "\n", encoding="utf-8")


def _filled(row: Row, named: dict[str, list[str]]) -> Row:
    tests = named.get(row.id, [])
    if tests:
        return Row(row.id, row.requirement, row.where, ", ".join(f"`{test}`" for test in tests))
    if row.test.startswith(UNTESTED):
        return row
    return Row(row.id, row.requirement, row.where, NO_TEST)


if __name__ == "__main__":
    fill()
