"""What leaves the store, what stays, and copies of it."""

import os
import sqlite3
import stat
import threading

import pytest

from agentglass import Status
from agentglass.errors import OptionError, StoreError
from agentglass.store import SQLiteStore
from agentglass.testing import make_span

DAY_NS = 24 * 3_600 * 10**9
NOW_NS = 1_767_225_600 * 10**9
NOISE = "".join(f"{number * 2654435761 % 2**32:08x}" for number in range(3000))


@pytest.fixture
def store(tmp_path):
    store = SQLiteStore(tmp_path / "traces.db", now_ns=lambda: NOW_NS)
    yield store
    store.close()


def a_run(*, days, name="run", **fields):
    start_ns = NOW_NS - days * DAY_NS
    return make_span(name=name, start_ns=start_ns, **{"end_ns": start_ns + 1, **fields})


def left(store):
    return sorted(run.name for run in store.find(limit=1000).traces)


def promise(store, span, *, sent_seq=0, dead=None):
    """Note that a sink wants a run."""
    with sqlite3.connect(store.path) as db:
        db.execute(
            "INSERT INTO deliveries (sink_id, trace_id, wanted_seq, sent_seq, dead_reason)"
            " VALUES (1, ?, 5, ?, ?)",
            (span.trace_id, sent_seq, dead),
        )
    db.close()


def test_old_runs_go_and_young_ones_and_open_ones_stay(store):
    store.write(
        [
            a_run(days=40, name="old"),
            a_run(days=40, name="open", end_ns=None, status=Status.RUNNING),
            a_run(days=1, name="young"),
        ]
    )

    freed = store.clean_up(before_ns=NOW_NS - 30 * DAY_NS)

    assert freed.runs == 1
    assert left(store) == ["open", "young"]


def test_age_never_takes_what_a_sink_has_yet_to_get(store):
    runs = {name: a_run(days=40, name=name) for name in ("wanted", "sent", "dead")}
    store.write(runs.values())
    promise(store, runs["wanted"], sent_seq=4)
    promise(store, runs["sent"], sent_seq=5)
    promise(store, runs["dead"], dead="too large")

    freed = store.clean_up(before_ns=NOW_NS)

    assert (freed.runs, freed.undelivered_runs) == (2, 0)
    assert left(store) == ["wanted"]


def test_size_takes_the_oldest_first_and_no_more_than_it_must(store):
    store.write([a_run(days=100 - n, name=f"n{n:03}", attributes={"n": NOISE}) for n in range(60)])
    store.clean_up()
    whole = os.path.getsize(store.path)

    freed = store.clean_up(max_bytes=whole // 2)

    names = left(store)
    assert names == [f"n{n:03}" for n in range(60 - len(names), 60)]
    assert 5 < len(names) < 45
    assert freed.runs == 60 - len(names)
    assert freed.size_bytes > 0
    assert os.path.getsize(store.path) <= whole // 2


def test_only_the_quota_takes_what_is_undelivered_and_a_gap_says_so(store):
    wanted = [a_run(days=10 - n, name=f"wanted{n}", attributes={"n": NOISE}) for n in range(5)]
    sent = a_run(days=1, name="sent", attributes={"n": NOISE})
    store.write([*wanted, sent])
    for span in wanted:
        promise(store, span)

    freed = store.clean_up(max_bytes=1)

    assert left(store) == []
    assert (freed.runs, freed.undelivered_runs) == (6, 5)
    assert store.stats()["lost_spans"] == 5


def test_cleaning_up_an_empty_or_a_clean_store_takes_nothing(store):
    assert store.clean_up(before_ns=NOW_NS, max_bytes=10**9).runs == 0

    store.write([a_run(days=1, name="run")])

    assert store.clean_up().runs == 0
    assert left(store) == ["run"]


def test_others_write_while_the_store_is_cleaned_up(store):
    store.write([a_run(days=40, attributes={"n": NOISE}) for _ in range(120)])
    other = SQLiteStore(store.path)
    written = threading.Thread(
        target=lambda: [other.write([a_run(days=1, name="new")]) for _ in range(50)]
    )

    written.start()
    store.clean_up(before_ns=NOW_NS - 30 * DAY_NS)
    written.join()

    assert left(store) == ["new"] * 50


def test_a_backup_is_a_store_of_its_own_and_private(store, tmp_path):
    store.write([a_run(days=1, name="run", input="x" * 10_000)])

    size = store.back_up(tmp_path / "copy.db")

    copy = SQLiteStore(tmp_path / "copy.db")
    (run,) = copy.find().traces
    assert copy.get_trace(run.trace_id).spans[0].input == "x" * 10_000
    copy.close()
    assert size == os.path.getsize(tmp_path / "copy.db")
    assert stat.S_IMODE(os.stat(tmp_path / "copy.db").st_mode) == 0o600
    assert not list(tmp_path.glob(".*partial*"))


def test_a_backup_is_one_moment_of_a_store_that_is_being_written(store, tmp_path):
    stop, batch = threading.Event(), 20

    def write():
        writer = SQLiteStore(store.path)
        while not stop.wait(0.002):
            writer.write([a_run(days=1) for _ in range(batch)])
        writer.close()

    thread = threading.Thread(target=write)
    thread.start()
    for number in range(5):
        store.back_up(tmp_path / f"{number}.db")
    stop.set()
    thread.join()

    for number in range(5):
        with sqlite3.connect(tmp_path / f"{number}.db") as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert db.execute("SELECT count(*) FROM spans").fetchone()[0] % batch == 0
        db.close()


def test_a_file_that_is_there_is_replaced_only_when_that_is_asked_for(store, tmp_path):
    store.write([a_run(days=1)])
    target = tmp_path / "copy.db"
    target.write_text("precious")

    with pytest.raises(OptionError, match="there already"):
        store.back_up(target)
    assert target.read_text() == "precious"

    store.back_up(target, force=True)
    assert target.read_bytes()[:6] == b"SQLite"


@pytest.mark.parametrize("suffix", ["", "-wal"])
def test_a_backup_never_replaces_the_store_itself(store, suffix):
    store.write([a_run(days=1, name="run")])

    with pytest.raises(OptionError, match="is the store itself"):
        store.back_up(f"{store.path}{suffix}", force=True)

    assert left(store) == ["run"]


def test_a_backup_that_fails_leaves_nothing_behind(store, tmp_path):
    broken = SQLiteStore(tmp_path / "broken.db")
    (tmp_path / "broken.db").write_bytes(b"no database" * 1000)

    with pytest.raises(StoreError):
        broken.back_up(tmp_path / "copy.db")

    assert not (tmp_path / "copy.db").exists()
    assert not list(tmp_path.glob(".*partial*"))
