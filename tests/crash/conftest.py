"""What the crash tests share: a temporary directory, and a small disk where one can be mounted."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary directory of its own, so that the fallback store is its own too."""
    directory = tmp_path / "tmp"
    directory.mkdir()
    monkeypatch.setenv("TMPDIR", str(directory))
    monkeypatch.setattr("tempfile.tempdir", str(directory))
    return directory


@pytest.fixture
def mount(home: Path) -> Iterator[Callable[[str], None]]:
    """Mount the home as a file system in memory; called again it changes the options."""
    mounted: list[str] = []

    def mount_home(options: str) -> None:
        how = f"remount,{options}" if mounted else options
        command = ["mount", "-t", "tmpfs", "-o", how, "tmpfs", str(home)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("a small file system can be mounted by root only")
        mounted.append(options)

    yield mount_home
    if mounted:
        subprocess.run(["umount", "--lazy", str(home)], check=True)
