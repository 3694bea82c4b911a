"""The repository speaks of the product alone, and its tables agree with each other."""

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agentglass.spans import names

ROOT = Path(__file__).resolve().parents[2]
FLOORS = [
    {"cli"},
    {"ui", "deploy"},
    {"testing"},
    {"serve"},
    {"jobs"},
    {"plan"},
    {"workflow"},
    {"models", "sandbox"},
    {"capture"},
    {"reports"},
    {"sinks"},
    {"otlp"},
    {"steps"},
    {"record"},
    {"store"},
    {"cost", "redact"},
    {"spans"},
    {"plugins"},
    {"errors"},
]
NOT_OURS = re.compile(
    r"\.(?!ci$|github$|gitignore$|pre-commit).*|__pycache__|.*\.egg-info|build|dist"
)
INDEX = re.compile(r"--(?:extra-)?index[-]url|--find[-]links|https?://\S+/simple\b|[.]whl\b")
MACHINE_PATH = re.compile(r"(?<![\w.}>~-])/(?:root|work|tmp|home/\w+|Users/\w+)/")

MAKE = re.compile(r"(?:`|^ {4})make ((?:[a-z]+ ?)+?)(?:`|  |$)|^make ([a-z]+)$", re.MULTILINE)
"""`make test` in a sentence, or on a line of its own."""


def test_no_file_names_a_package_index() -> None:
    assert _places_of(INDEX) == []


def test_no_file_holds_a_path_of_somebodys_machine() -> None:
    assert _places_of(MACHINE_PATH) == []


def test_no_lock_file_with_download_addresses_is_kept() -> None:
    locks = {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml"}

    assert [path for path in _files() if path.name in locks] == []


def test_a_compiled_constraint_file_holds_names_and_versions_only() -> None:
    pinned = re.compile(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.+!-]+")
    lines = {
        line
        for path in (ROOT / "requirements").glob("*.txt")
        for line in path.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    }

    assert {line for line in lines if not pinned.fullmatch(line)} == set()


def test_the_oldest_versions_are_the_lower_bounds_of_the_package() -> None:
    bounds = re.compile(r"(?P<name>[\w.-]+)>=(?P<version>[\w.]+)")
    lower = {
        f"{match['name']}=={match['version']}"
        for dependency in _dependencies()
        if (match := bounds.match(dependency))
    }

    oldest = (ROOT / "requirements" / "oldest.in").read_text(encoding="utf-8").splitlines()

    assert {line for line in oldest if not line.startswith("#")} == lower


def test_the_floors_are_those_of_the_design_and_of_the_import_contract() -> None:
    """T001: one structure, stated once and checked."""
    contract = _pyproject()["tool"]["importlinter"]["contracts"][0]
    children = {path.stem for path in (ROOT / "src" / "agentglass").iterdir()}

    assert [set(layer.split(" | ")) for layer in contract["layers"]] == FLOORS
    assert contract["exhaustive"] is True
    assert children - {"__init__", "__main__", "__pycache__", "py"} == set().union(*FLOORS)


def test_every_attribute_name_is_spelled_once() -> None:
    values = [value for name, value in vars(names).items() if name.isupper()]

    assert len(values) == len(set(values))


def test_every_make_command_that_a_page_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    pages = [path for path in _files() if path.suffix == ".md"]

    named = {
        target
        for page in pages
        for commands in MAKE.findall(page.read_text(encoding="utf-8"))
        for target in " ".join(commands).split()
    }

    assert named - targets == set()


def test_every_test_starts_with_an_empty_home(home: Path) -> None:
    """T006: the shared fixtures keep a test away from the home of whoever runs it."""
    assert os.environ["AGENTGLASS_HOME"] == str(home)
    assert list(home.iterdir()) == []


def test_the_package_asks_for_a_python_that_runs_pytest_with_asyncio() -> None:
    """T002, T003, FR-017: Python 3.11 or later, pytest with asyncio, configured in one file."""
    project = _pyproject()

    assert project["project"]["requires-python"] == ">=3.11"
    assert project["tool"]["pytest"]["ini_options"]["asyncio_mode"] == "auto"
    assert any(line.startswith("pydantic>=") for line in _dependencies())


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _dependencies() -> list[str]:
    project = _pyproject()["project"]
    extras = project["optional-dependencies"].values()
    return [*project["dependencies"], *(line for extra in extras for line in extra)]


def _files(folder: Path = ROOT) -> Iterator[Path]:
    for path in folder.iterdir():
        if NOT_OURS.fullmatch(path.name):
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def _places_of(pattern: re.Pattern[str]) -> list[str]:
    """Return `file:line` of everything that matches."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in _files()
        for number, line in enumerate(path.read_text("utf-8", errors="ignore").splitlines(), 1)
        if pattern.search(line)
    ]
