"""Every block of README.md runs.

The blocks run in order in one directory, as a reader would run them. A block whose first line is a
comment that names a file, as in `# hello.yaml`, is saved under that name for the blocks after it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(?P<language>[\w-]*)[^\n]*\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
FILE_NAME = re.compile(r"# (?P<name>[\w-]+\.(?:yaml|py|json))$")

SHOWN = {"", "text", "console"}
"""Languages of output, which is shown and not run."""
NOT_RUN = {
    "make": "make test would run this test, and the others create environments",
    "pip install": "changes the environment that runs this test",
    "git clone": "needs a network",
    "cd ": "goes with git clone",
}
"""Commands of bash blocks that are left out, and why."""


class Block(NamedTuple):
    """One fenced block."""

    language: str
    code: str


def _blocks() -> list[Block]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return [Block(match["language"], match["code"]) for match in FENCE.finditer(text)]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory that holds what a reader of the README has."""
    for name in ("examples", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "README.md", tmp_path)
    return tmp_path


def test_every_block_runs(directory: Path) -> None:
    for number, block in enumerate(_blocks()):
        problem = _run(block, directory, f"block_{number}")
        assert problem is None, f"{problem}\n{block.code}"


def test_every_block_says_its_language() -> None:
    known = SHOWN | {"bash", "python", "yaml", "json"}

    assert {block.language for block in _blocks()} - known == set()


def test_the_readme_is_read_in_five_minutes() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def _run(block: Block, directory: Path, default_name: str) -> str | None:
    """Run one block; return what went wrong."""
    named = FILE_NAME.match(block.code.partition("\n")[0])
    name = named["name"] if named else f"{default_name}.{block.language}"
    match block.language:
        case "json":
            json.loads(block.code)
        case "yaml":
            (directory / name).write_text(block.code, encoding="utf-8")
            return _call([sys.executable, "-m", "agentglass", "validate", name], directory)
        case "python":
            (directory / name).write_text(block.code, encoding="utf-8")
            return _call([sys.executable, name], directory)
        case "bash":
            return _call(["bash", "-euo", "pipefail", "-c", _runnable(block.code)], directory)
    return None


def _runnable(script: str) -> str:
    lines = script.splitlines()
    return "\n".join(line for line in lines if not line.startswith(tuple(NOT_RUN)))


def _call(command: list[str], directory: Path) -> str | None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(directory)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return None if result.returncode == 0 else result.stdout + result.stderr
