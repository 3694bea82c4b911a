"""The disk fails while a run goes on: the run goes on, and the record in another place."""

import shutil
import sqlite3

import pytest
from crash_programs import finish, run, start_ready, traces

from agentglass.store import SQLiteStore, connection, fallback_home, open_store
from agentglass.testing import make_span

HALVES = """
import agentglass, sys
from agentglass.record import current_recorder
with agentglass.trace("run", tags={"workflow": "halves"}):
    with agentglass.span("open"):
        for number in range(50):
            with agentglass.span(f"first {number}", input="x" * 1000):
                pass
        agentglass.flush()
        print("ready", flush=True)
        exec(sys.stdin.readline())
        for number in range(50):
            with agentglass.span(f"second {number}", input="x" * 1000):
                pass
print(agentglass.flush().store)
"""
"""Half of it is stored when the test does something; the rest comes after."""

READ_ONLY = "current_recorder().store._connection._db.execute('PRAGMA query_only = ON')"
"""What an open file meets when its file system turns read-only; the kernel lets no test do that."""


def fill(home):
    """Take all the room that is left."""
    with (home / "something else").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass


def assert_whole(home, outcome, reason):
    """The second half went to the fallback, this was said once, and the run is shown as one."""
    code, out, err = outcome
    assert code == 0
    assert err.count("\n") == 1
    assert reason in err
    assert "Recording goes on in" in err
    assert out.strip() == str(fallback_home(home) / "traces.db")
    trace = traces()["run"]
    assert trace.completeness.is_complete
    assert trace.summary.totals.spans == len(trace.spans) == 102
    assert (trace.summary.status, trace.summary.tags) == ("ok", {"workflow": "halves"})


def test_a_disk_that_fills_up_moves_the_record(home, mount):
    mount("size=2m")
    program = start_ready(HALVES)
    fill(home)

    assert_whole(home, finish(program, "\n"), "database or disk is full")


def test_a_disk_that_turns_read_only_moves_the_record(home):
    outcome = finish(start_ready(HALVES), f"{READ_ONLY}\n")

    assert_whole(home, outcome, "attempt to write a readonly database")


def test_what_is_in_the_fallback_is_a_tree_of_its_own(home):
    finish(start_ready(HALVES), f"{READ_ONLY}\n")
    store = SQLiteStore(fallback_home(home) / "traces.db")

    (found,) = store.find().traces
    trace = store.get_trace(found.trace_id)

    assert trace.tree.missing_parents == []
    assert [node.span.name for node in trace.tree.roots] == ["run"]
    assert len(trace.spans) == 52
    assert trace.completeness.reasons == ("52 of 102 spans are stored",)


def test_a_run_in_two_stores_of_which_one_is_gone_says_what_is_missing(home):
    finish(start_ready(HALVES), f"{READ_ONLY}\n")
    shutil.rmtree(home)

    assert traces()["run"].completeness.reasons == ("52 of 102 spans are stored",)


def test_while_no_place_works_the_run_goes_on_and_the_loss_is_said(home, temporary):
    program = start_ready(HALVES)
    fallback_home(home).write_text("in the way")
    code, out, err = finish(program, f"{READ_ONLY}\n")

    assert code == 0
    assert out.strip() == str(home / "traces.db")
    assert err.count("spans cannot be stored at the moment") == 1
    assert "spans could not be stored" in err
    trace = traces()["run"]
    assert len(trace.spans) == 52
    assert not trace.completeness.is_complete


@pytest.mark.parametrize("meanwhile", ["", "import time; time.sleep(2.5)"])
def test_a_home_that_is_removed_begins_anew(home, meanwhile):
    """Whoever notices it first: the next write, or the lease that is renewed every second."""
    program = start_ready(HALVES)
    shutil.rmtree(home)
    code, out, err = finish(program, f"{meanwhile}\n")

    assert (code, out.strip(), err.count("\n")) == (0, str(home / "traces.db"), 1)
    assert "was removed or replaced" in err
    trace = traces()["run"]
    assert trace.tree.missing_parents == []
    assert trace.completeness.reasons == ("52 of 102 spans are stored",)


def test_a_home_that_is_read_only_from_the_start_is_read_and_not_written(home, mount):
    """The run is recorded elsewhere, and older runs can still be shown."""
    mount("size=8m")
    run("import agentglass\nwith agentglass.trace('before'): pass")
    mount("ro")
    code, _, err = run("import agentglass\nwith agentglass.trace('after'): pass")

    assert (code, err.count("\n")) == (0, 1)
    assert "can be read, but not written to" in err
    found = traces()
    assert set(found) == {"before", "after"}
    assert all(trace.completeness.is_complete for trace in found.values())


def test_a_home_that_is_read_only_and_empty_gives_way(home, mount):
    mount("size=8m")
    mount("ro")
    code, _, err = run("import agentglass\nwith agentglass.trace('run'): pass")

    assert (code, err.count("\n")) == (0, 1)
    assert "Read-only file system" in err
    assert traces()["run"].completeness.is_complete


def test_a_file_system_without_wal_gives_way(home, monkeypatch):
    """Such a file system can be mounted nowhere here: SQLite's answer is given in its place."""
    switch = connection._switch_to_wal

    def answer(db: sqlite3.Connection) -> str:
        (path,) = (row["file"] for row in db.execute("PRAGMA database_list"))
        return "delete" if path.startswith(str(home)) else switch(db)

    monkeypatch.setattr(connection, "_switch_to_wal", answer)
    opened = open_store(home)
    opened.store.write([make_span()])

    assert opened.store.path == str(fallback_home(home) / "traces.db")
    (notice,) = opened.notices
    assert "does not support SQLite's WAL mode" in notice


@pytest.mark.parametrize("rows", [0, 1, 7])
def test_a_store_that_is_read_only_is_added_up_without_being_written(home, mount, rows):
    mount("size=8m")
    store = SQLiteStore(home / "traces.db")
    spans = [make_span() for _ in range(rows)]
    store.write(spans)
    store.close()
    mount("ro")

    store = SQLiteStore(home / "traces.db")

    assert store.totals().spans == rows
    assert [run.totals.spans for run in store.find().traces] == [1] * rows
    assert all(len(store.get_trace(span.trace_id).spans) == 1 for span in spans)
    store.close()
