"""A home that cannot be used: the run goes on, says so once, and its record is found again."""

import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import CommandLine

from agentglass.store import fallback_home

COUNT = """
schema_version: "1.0"
flow: {name: count}
state: {fields: {n: {type: int, default: 1}}}
nodes: [{id: count, type: set, values: {n: 2}}]
"""


def a_file(home: Path) -> None:
    home.write_text("in the way", encoding="utf-8")


def a_newer_store(home: Path) -> None:
    home.mkdir()
    with sqlite3.connect(home / "traces.db") as db:
        db.execute("PRAGMA user_version = 999")
    db.close()


def a_corrupt_store(home: Path) -> None:
    home.mkdir()
    (home / "traces.db").write_bytes(b"no database" * 1000)


BROKEN = {
    "a file is in the way": (a_file, "File exists"),
    "a newer version": (a_newer_store, "has version 999; this agentglass reads versions up to"),
    "corrupt": (a_corrupt_store, "file is not a database"),
}


@pytest.fixture
def full_disk(cli: CommandLine) -> Iterator[Path]:
    """A home on a disk that is too small for a store."""
    cli.home.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(cli.home)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a small file system can be mounted by root only")
    yield cli.home
    subprocess.run(["umount", str(cli.home)], check=True)


def assert_recorded_elsewhere(cli: CommandLine, reason: str) -> None:
    """Run once, and find the record of that run."""
    run = cli("run", cli.write(COUNT))
    shown = cli("show", "last")

    assert (run.code, run.out) == (0, "2\n")
    assert reason in run.err
    assert "This run is recorded in" in run.err
    assert run.err.count("\n") == 1
    assert shown.code == 0
    assert shown.out.endswith("complete: all 2 spans are recorded\n")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [BROKEN["a file is in the way"], BROKEN["a newer version"]],
    ids=["a file is in the way", "a newer version"],
)
def test_the_run_goes_on_with_one_warning_and_is_found(
    cli: CommandLine, spoil: Callable[[Path], None], reason: str
) -> None:
    """A-FR6: recording degrades, the run does not."""
    spoil(cli.home)

    assert_recorded_elsewhere(cli, reason)


def test_a_corrupt_store_is_kept_aside_with_one_warning(cli: CommandLine) -> None:
    a_corrupt_store(cli.home)

    run, again, shown = cli("run", cli.write(COUNT)), cli("run", cli.write(COUNT)), cli("show")

    assert (run.code, run.out, run.err.count("\n")) == (0, "2\n", 1)
    assert "Recording goes on in a new one." in run.err
    assert again.err == ""
    assert shown.out.endswith("complete: all 2 spans are recorded\n")
    (kept,) = cli.home.glob("traces.db.corrupt-*")
    assert kept.read_bytes() == b"no database" * 1000


def test_a_full_disk_does_not_stop_the_run(cli: CommandLine, full_disk: Path) -> None:
    """A-FR6: the same where there is no room."""
    assert_recorded_elsewhere(cli, "database or disk is full")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [BROKEN["a newer version"], BROKEN["corrupt"]],
    ids=["a newer version", "corrupt"],
)
def test_a_store_that_cannot_be_read_is_a_clear_error(
    cli: CommandLine, spoil: Callable[[Path], None], reason: str
) -> None:
    spoil(cli.home)

    for words in (["show", "last"], ["show", "last", "--json"], ["runs"], ["runs", "--json"]):
        output = cli(*words)
        assert (output.code, output.out) == (1, "")
        assert reason in output.err
        assert output.err.count("\n") == 1
    doctor = cli("doctor")
    assert doctor.code == 0
    assert reason in doctor.out


def test_a_list_that_is_not_whole_is_printed_and_still_an_error(cli: CommandLine) -> None:
    a_newer_store(cli.home)
    cli("run", cli.write(COUNT))

    shown, listed, report = cli("show"), cli("runs", "--json"), cli("doctor", "--json").json

    assert shown.err.startswith("Warning: The store ")
    assert (listed.code, len(listed.json)) == (1, 1)
    assert "has version 999" in listed.err
    assert "has version 999" in report["store"]["error"]
    assert report["store"]["fallback"]["traces"] == 1


def test_without_any_place_the_run_is_kept_in_memory(cli: CommandLine) -> None:
    cli.home.write_text("in the way", encoding="utf-8")
    missing = {"TMPDIR": str(cli.temporary), "AGENTGLASS_HOME": str(cli.home)}
    (cli.temporary / fallback_home(cli.home).name).write_text("in the way too", encoding="utf-8")

    output = cli(*("run", cli.write(COUNT), "--output-format", "json", "--trace"), env=missing)

    assert output.code == 0
    assert output.json["result"] == 2
    assert output.json["metrics"]["workflow"]["nodes_executed"] == 1
    assert "This run is recorded in memory only" in output.err
    assert "Warning: the trace file could not be written" in output.err


def test_doctor_says_that_a_home_cannot_be_written_to(cli: CommandLine) -> None:
    cli.home.write_text("in the way", encoding="utf-8")

    output = cli("doctor")

    assert output.code == 0
    assert "cannot be written to: set AGENTGLASS_HOME to another directory" in output.out
