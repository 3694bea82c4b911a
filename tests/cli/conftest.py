"""Command lines for the tests: one with an empty home, and a maker for shared ones."""

from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import CommandLine
from stopped_runs import GATE, WORK


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    """A command line whose home is empty."""
    return CommandLine(tmp_path)


@pytest.fixture(scope="module")
def make_cli(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], CommandLine]:
    """Make command lines for fixtures that many tests of a module share."""
    return lambda: CommandLine(tmp_path_factory.mktemp("cli"))


@pytest.fixture
def gate(cli: CommandLine) -> CommandLine:
    """A run that waits at its gate."""
    cli.write(GATE)
    assert cli("run", "workflow.yaml", "-i", "text=glass").code == 3
    return cli


@pytest.fixture
def work(cli: CommandLine) -> CommandLine:
    """A command line beside the module that counts what is done."""
    cli.write(WORK, "work.py")
    return cli
