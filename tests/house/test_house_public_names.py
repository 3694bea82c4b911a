"""A package's `__all__` is its table of contents: complete, sorted, importable."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
PACKAGES = sorted(
    ".".join(file.parent.relative_to(SOURCE).parts) for file in SOURCE.rglob("__init__.py")
)


@pytest.mark.parametrize("name", PACKAGES)
def test_every_name_of_a_package_can_be_imported(name: str) -> None:
    """T005: what a package promises, it gives; lazy names too."""
    package = importlib.import_module(name)

    assert [public for public in package.__all__ if not hasattr(package, public)] == []


@pytest.mark.parametrize("name", PACKAGES)
def test_the_public_names_of_a_package_are_those_of_its_table(name: str) -> None:
    package = importlib.import_module(name)
    bound = set(_bound_names(name, Path(str(package.__file__))))

    assert bound - set(package.__all__) == set()
    assert len(package.__all__) == len(set(package.__all__))


def _bound_names(package: str, file: Path) -> Iterator[str]:
    """Yield the public names that a package binds; what it imports for its own use does not count."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        for name in _names_of(node, package):
            if not name.startswith("_"):
                yield name


def _names_of(node: ast.stmt, package: str) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.ImportFrom(module=str(module)) if module.startswith(f"{package}."):
            # The helper for lazy names is a tool of the table, not an entry in it.
            own = [] if module == "agentglass.plugins" else node.names
            return [alias.asname or alias.name for alias in own]
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []
