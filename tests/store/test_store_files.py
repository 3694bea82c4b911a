"""The file: private, versioned, and replaced by another place when it cannot be used."""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from agentglass.errors import StoreError, StoreVersionError
from agentglass.store import SQLiteStore, fallback_home, open_store, resolve_home
from agentglass.store.migrations import MIGRATIONS
from agentglass.testing import make_span


def test_the_store_is_readable_by_its_owner_only(tmp_path):
    path = tmp_path / "home" / "traces.db"
    SQLiteStore(path).write([make_span()])

    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_the_schema_has_the_tables_of_the_design(tmp_path):
    store = SQLiteStore(tmp_path / "traces.db")
    store.check()

    db = sqlite3.connect(store.path)
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    db.close()
    expected = {"spans", "traces", "bodies", "processes", "sinks", "deliveries", "gaps"}
    assert expected <= tables


@pytest.mark.parametrize("version", range(len(MIGRATIONS)))
def test_a_store_of_any_earlier_version_is_brought_up_to_date(tmp_path, version):
    path = tmp_path / "traces.db"
    db = sqlite3.connect(path, isolation_level=None)
    for step in MIGRATIONS[:version]:
        step(db)
    db.execute(f"PRAGMA user_version = {version}")
    db.close()
    store, span = SQLiteStore(path), make_span()

    store.write([span])

    assert store.get_trace(span.trace_id) is not None
    assert store.stats()["version"] == len(MIGRATIONS)


def test_a_migration_that_fails_changes_nothing(tmp_path, monkeypatch):
    def broken(db):
        db.execute("CREATE TABLE half_done (x)")
        raise sqlite3.OperationalError("no more room")

    path = tmp_path / "traces.db"
    SQLiteStore(path).check()
    monkeypatch.setattr("agentglass.store.migrations.MIGRATIONS", (*MIGRATIONS, broken))

    with pytest.raises(StoreError, match="no more room"):
        SQLiteStore(path).check()

    db = sqlite3.connect(path)
    assert (
        db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half_done'").fetchone()[0] == 0
    )
    assert db.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
    db.close()


def test_many_processes_may_make_the_store_at_once(tmp_path):
    code = (
        "import os, sys; from agentglass.store import SQLiteStore; sys.stdin.readline()\n"
        "for n in range(40): SQLiteStore(os.path.join(sys.argv[1], f'{n}.db')).check()"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE)
        for _ in range(4)
    ]
    for process in processes:
        process.communicate(b"go", timeout=60)

    assert [process.returncode for process in processes] == [0] * 4


def newer(path: Path) -> Path:
    SQLiteStore(path).check()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 999")
    db.close()
    return path


def test_a_store_of_a_newer_version_is_left_alone_and_said(tmp_path):
    path = newer(tmp_path / "traces.db")

    with pytest.raises(StoreVersionError, match=r"has version 999.*Upgrade agentglass"):
        SQLiteStore(path).find()

    db = sqlite3.connect(path)
    assert db.execute("PRAGMA user_version").fetchone()[0] == 999
    db.close()


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The system's temporary directory, for this test alone."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    return tmp_path / "tmp"


def a_file(tmp_path):
    (tmp_path / "home").write_text("in the way")


def too_new(tmp_path):
    newer(tmp_path / "home" / "traces.db")


def a_directory(tmp_path):
    (tmp_path / "home" / "traces.db").mkdir(parents=True)


@pytest.mark.parametrize("obstacle", [a_file, too_new, a_directory])
def test_a_home_that_cannot_be_used_gives_way_to_a_temporary_one(obstacle, tmp_path, temporary):
    obstacle(tmp_path)

    opened = open_store(tmp_path / "home")

    assert Path(opened.store.path).parent == fallback_home(tmp_path / "home")
    assert stat.S_IMODE(fallback_home(tmp_path / "home").stat().st_mode) == 0o700
    (notice,) = opened.notices
    assert "recorded in" in notice
    opened.store.write([make_span()])


def test_the_last_resort_is_memory(tmp_path, temporary):
    a_file(tmp_path)
    fallback_home(tmp_path / "home").write_text("in the way too")

    opened = open_store(tmp_path / "home")

    assert opened.store.path == ":memory:"
    assert "in memory only" in opened.notices[0]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_a_temporary_directory_of_another_user_is_not_trusted(tmp_path, temporary):
    a_file(tmp_path)
    fallback_home(tmp_path / "home").mkdir()
    os.chown(fallback_home(tmp_path / "home"), 12345, 12345)

    assert open_store(tmp_path / "home").store.path == ":memory:"


def test_a_home_that_works_is_taken_without_a_word(tmp_path):
    opened = open_store(tmp_path / "new")

    assert opened.notices == ()
    assert Path(opened.store.path) == tmp_path / "new" / "traces.db"


def test_the_home_is_the_argument_or_the_variable_or_the_default(home, monkeypatch):
    assert resolve_home("/x") == Path("/x")
    assert resolve_home() == home
    monkeypatch.delenv("AGENTGLASS_HOME")
    assert resolve_home() == Path.home() / ".agentglass"


def test_a_bad_cursor_is_refused():
    from agentglass.errors import OptionError

    with pytest.raises(OptionError, match="'nonsense'"):
        SQLiteStore(":memory:").find(cursor="nonsense")


def test_a_prefix_is_taken_literally():
    from agentglass.spans import TraceFilter

    store = SQLiteStore(":memory:")
    store.write([make_span()])

    assert store.find(TraceFilter(run_id_prefix="%")).traces == []
    assert store.find(TraceFilter(run_id_prefix="_")).traces == []
