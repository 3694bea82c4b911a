"""The store is damaged or held by somebody else while programs record into it."""

import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from crash_programs import finish, run, start_ready, statuses, traces

from agentglass.cli.stores import Stores
from agentglass.spans import TraceFilter
from agentglass.store import SQLiteStore, fallback_home
from agentglass.store.connection import file_id
from agentglass.store.damage import keep_aside

RECORD = """
import agentglass, sys
with agentglass.trace("{name}"):
    with agentglass.span("open"):
        with agentglass.span("before"):
            pass
        agentglass.flush()
        print("ready", flush=True)
        sys.stdin.readline()
        with agentglass.span("after"):
            pass
"""

HOLD = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.readline()
"""


@contextmanager
def held(path) -> Iterator[None]:
    """Lock a database from another process for the length of the block."""
    pipes = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], text=True, **pipes) as holder:
        assert holder.stdout.readline() == "held\n"
        yield


def damage(path, chance: random.Random) -> None:
    """Overwrite 2 KB at a random place with noise, ten times."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        for _ in range(10):
            file.seek(chance.randrange(size))
            file.write(chance.randbytes(2048))


def a_filled_store(path) -> None:
    """Make a store with some runs, all of it in the database file."""
    code = """
        import agentglass
        for number in range(20):
            with agentglass.trace("old"):
                for _ in range(10):
                    with agentglass.span("step", input="x" * 3000):
                        pass
    """
    assert run(code)[0] == 0
    db = sqlite3.connect(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def test_a_lock_that_is_let_go_of_delays_the_record_and_nothing_else(home):
    """The program says once that it cannot store and once that it can again."""
    program = start_ready(RECORD.format(name="run"))
    with held(home / "traces.db"):
        program.stdin.write("\n")
        program.stdin.flush()
        assert "cannot be stored at the moment" in program.stderr.readline()
    code, _, err = finish(program)

    assert code == 0
    assert err in ("", "spans are stored again\n")
    assert traces()["run"].completeness.is_complete


def test_a_lock_that_outlasts_the_program_sends_its_end_to_the_fallback(home):
    program = start_ready(RECORD.format(name="run"))
    with held(home / "traces.db"):
        code, _, err = finish(program, "\n")

        assert code == 0
        assert f"Recording goes on in '{fallback_home(home) / 'traces.db'}'" in err
        assert traces()["run"].completeness.is_complete
    assert traces()["run"].completeness.is_complete


def test_what_is_locked_can_be_read(home):
    run("import agentglass\nwith agentglass.trace('run'): pass")

    with held(home / "traces.db"):
        (found,) = Stores().latest(TraceFilter(), 10)

    assert found.totals.spans == 1


@pytest.mark.parametrize("seed", range(6))
def test_a_store_damaged_at_random_places_does_not_stop_a_run(home, seed):
    """The record is in the damaged store, where that still works, or in a new one."""
    path = home / "traces.db"
    a_filled_store(path)
    damage(path, random.Random(seed))

    code, _, err = run(RECORD.format(name="new"))

    assert code == 0
    kept = list(home.glob("traces.db.corrupt-*[0-9]"))
    assert err.count("It is kept as") == len(kept)
    if kept:
        assert statuses(traces()["new"]) == dict.fromkeys(("new", "open", "before", "after"), "ok")


@pytest.mark.parametrize("size", [0, 100, 20_000])
def test_a_store_that_is_damaged_while_a_program_records_is_replaced(home, size):
    """The open spans are in the new one too, so that its tree is whole; it says what it lacks."""
    path = home / "traces.db"
    a_filled_store(path)
    program = start_ready(RECORD.format(name="new"))
    db = sqlite3.connect(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    with path.open("r+b") as file:
        file.truncate(size)
        file.seek(0)
        file.write(b"no database any more")
    code, _, err = finish(program, "\n")

    assert (code, err.count("\n")) == (0, 1)
    assert "It is kept as" in err
    trace = traces()["new"]
    assert statuses(trace) == {"new": "ok", "open": "ok", "after": "ok"}
    assert trace.completeness.reasons == ("3 of 4 spans are stored",)


def test_two_programs_that_meet_a_damaged_store_share_the_new_one(home):
    path = home / "traces.db"
    programs = [start_ready(RECORD.format(name=f"run {number}")) for number in range(2)]
    db = sqlite3.connect(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    path.write_bytes(b"no database any more" * 5000)
    outcomes = [finish(program, "\n") for program in programs]

    assert [code for code, _, _ in outcomes] == [0, 0]
    assert len(list(home.glob("traces.db.corrupt-*[0-9]"))) == 1
    found = traces()
    assert set(found) == {"run 0", "run 1"}
    assert all(trace.tree.missing_parents == [] for trace in found.values())
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    db.close()


def test_a_store_that_another_process_has_replaced_is_not_moved_again(tmp_path):
    path = tmp_path / "traces.db"
    path.write_bytes(b"damaged")
    found = file_id(path)

    first = keep_aside(path, found)
    path.write_bytes(b"new")
    second = keep_aside(path, found)

    assert first.read_bytes() == b"damaged"
    assert second is None
    assert path.read_bytes() == b"new"


def test_stores_that_are_kept_aside_in_the_same_second_do_not_overwrite_each_other(tmp_path):
    path = tmp_path / "traces.db"
    kept = []
    for text in (b"one", b"two", b"three"):
        path.write_bytes(text)
        kept.append(keep_aside(path, file_id(path)))

    assert [each.read_bytes() for each in kept] == [b"one", b"two", b"three"]


IN_A_CONTAINER = ["unshare", "--pid", "--fork", "--mount-proc"]


@pytest.mark.skipif(
    subprocess.run([*IN_A_CONTAINER, "true"], capture_output=True, check=False).returncode != 0,
    reason="no pid namespace can be made here",
)
def test_a_process_in_a_container_is_judged_by_its_lease(home):
    """Its pid says nothing here: alive within the lease, dead after it."""
    code = "import agentglass, os\nwith agentglass.trace('run'): agentglass.flush(); os._exit(0)"
    subprocess.run([*IN_A_CONTAINER, sys.executable, "-c", code], check=True)
    store = SQLiteStore(home / "traces.db")

    (within,) = store.find().traces
    lease_ns = lease_until(store.path)
    (after,) = SQLiteStore(store.path, now_ns=lambda: lease_ns + 1).find().traces

    assert within.status == "running"
    assert after.status == "error"


def lease_until(path) -> int:
    db = sqlite3.connect(path)
    (until_ns,) = db.execute("SELECT max(lease_until_ns) FROM processes").fetchone()
    db.close()
    return until_ns


def test_leases_tell_apart_a_pid_that_was_given_again(home):
    """In two containers every program may be process 1."""
    code = "import agentglass\nwith agentglass.trace('run'): pass"
    for _ in range(2):
        assert run(code, env=dict(os.environ))[0] == 0
    db = sqlite3.connect(home / "traces.db")
    ids = [row[0] for row in db.execute("SELECT id FROM processes")]
    db.close()

    assert len(set(ids)) == 2
