"""The schema, as an ordered list of small steps; `PRAGMA user_version` counts those applied."""

import sqlite3
from collections.abc import Callable

from agentglass.errors import StoreVersionError

__all__ = ["APPLICATION_ID", "MIGRATIONS", "migrate"]

APPLICATION_ID = 0x61676C73
"""`agls`: lets `file` and us tell a store from another SQLite database."""


def _spans(db: sqlite3.Connection) -> None:
    db.execute(
        """
        CREATE TABLE spans (
            id INTEGER PRIMARY KEY,
            trace_id TEXT NOT NULL,
            span_id TEXT NOT NULL,
            parent_id TEXT,
            seq INTEGER NOT NULL,
            process_id TEXT,
            resource_id INTEGER,
            name TEXT NOT NULL,
            type TEXT NOT NULL,
            status TEXT NOT NULL,
            start_ns INTEGER NOT NULL,
            end_ns INTEGER,
            node_id TEXT,
            provider TEXT,
            model TEXT,
            error_type TEXT,
            error_message TEXT,
            error_stack TEXT,
            input_tokens INTEGER,
            output_tokens INTEGER,
            usage TEXT,
            cost_pico INTEGER,
            cost TEXT,
            input TEXT,
            output TEXT,
            input_sha TEXT,
            output_sha TEXT,
            attributes TEXT,
            events TEXT,
            links TEXT,
            UNIQUE (trace_id, span_id)
        )
        """
    )
    db.execute("CREATE INDEX spans_open ON spans (process_id) WHERE end_ns IS NULL")


def _traces(db: sqlite3.Connection) -> None:
    db.execute(
        """
        CREATE TABLE traces (
            trace_id TEXT PRIMARY KEY,
            run_id TEXT NOT NULL,
            root_span_id TEXT,
            process_id TEXT,
            name TEXT NOT NULL,
            workflow TEXT NOT NULL,
            status TEXT NOT NULL,
            start_ns INTEGER NOT NULL,
            end_ns INTEGER,
            level TEXT NOT NULL,
            tags TEXT NOT NULL DEFAULT '{}',
            metadata TEXT NOT NULL DEFAULT '{}',
            project TEXT,
            environment TEXT,
            release TEXT,
            user_id TEXT,
            session_id TEXT,
            seq INTEGER NOT NULL,
            expected_spans INTEGER,
            dirty INTEGER NOT NULL DEFAULT 1,
            span_count INTEGER NOT NULL DEFAULT 0,
            error_count INTEGER NOT NULL DEFAULT 0,
            llm_calls INTEGER NOT NULL DEFAULT 0,
            calls_without_usage INTEGER NOT NULL DEFAULT 0,
            input_tokens INTEGER,
            output_tokens INTEGER,
            usage TEXT,
            cost_pico INTEGER NOT NULL DEFAULT 0,
            unpriced TEXT NOT NULL DEFAULT '[]'
        ) WITHOUT ROWID
        """
    )
    db.execute("CREATE UNIQUE INDEX traces_run ON traces (run_id)")
    db.execute("CREATE INDEX traces_start ON traces (start_ns, trace_id)")
    db.execute("CREATE INDEX traces_workflow ON traces (workflow, start_ns)")
    db.execute("CREATE INDEX traces_status ON traces (status, start_ns)")
    db.execute("CREATE INDEX traces_cost ON traces (cost_pico)")
    db.execute("CREATE INDEX traces_session ON traces (session_id) WHERE session_id IS NOT NULL")
    db.execute("CREATE INDEX traces_dirty ON traces (trace_id) WHERE dirty = 1")


def _sources(db: sqlite3.Connection) -> None:
    db.execute(
        """
        CREATE TABLE processes (
            id TEXT PRIMARY KEY,
            boot_id TEXT NOT NULL,
            pid_namespace TEXT NOT NULL,
            pid INTEGER NOT NULL,
            started TEXT NOT NULL,
            host TEXT NOT NULL,
            registered_ns INTEGER NOT NULL,
            renewed_ns INTEGER NOT NULL,
            lease_until_ns INTEGER NOT NULL,
            ended_ns INTEGER
        ) WITHOUT ROWID
        """
    )
    db.execute("CREATE INDEX processes_alive ON processes (id) WHERE ended_ns IS NULL")
    db.execute(
        """
        CREATE TABLE resources (
            id INTEGER PRIMARY KEY,
            service TEXT NOT NULL,
            attributes TEXT NOT NULL,
            UNIQUE (service, attributes)
        )
        """
    )
    db.execute("CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL)")
    db.execute("INSERT INTO counters VALUES ('seq', 0)")


def _bodies(db: sqlite3.Connection) -> None:
    db.execute(
        """
        CREATE TABLE bodies (
            sha TEXT PRIMARY KEY,
            encoding TEXT NOT NULL,
            size_bytes INTEGER NOT NULL,
            refs INTEGER NOT NULL,
            data BLOB NOT NULL
        )
        """
    )


def _outbox(db: sqlite3.Connection) -> None:
    db.execute(
        """
        CREATE TABLE sinks (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            target TEXT NOT NULL,
            config_hash TEXT NOT NULL,
            UNIQUE (kind, target, config_hash)
        )
        """
    )
    db.execute(
        """
        CREATE TABLE deliveries (
            sink_id INTEGER NOT NULL,
            trace_id TEXT NOT NULL,
            wanted_seq INTEGER NOT NULL,
            sent_seq INTEGER NOT NULL DEFAULT 0,
            attempts INTEGER NOT NULL DEFAULT 0,
            next_at INTEGER NOT NULL DEFAULT 0,
            lease_owner TEXT,
            lease_until INTEGER,
            dead_reason TEXT,
            PRIMARY KEY (sink_id, trace_id)
        ) WITHOUT ROWID
        """
    )
    db.execute(
        """
        CREATE TABLE gaps (
            id INTEGER PRIMARY KEY,
            trace_id TEXT,
            process_id TEXT,
            time_ns INTEGER NOT NULL,
            count INTEGER NOT NULL,
            reason TEXT NOT NULL
        )
        """
    )
    db.execute("CREATE INDEX gaps_trace ON gaps (trace_id)")


def _search(db: sqlite3.Connection) -> None:
    """The tables of the index itself are made by the month."""
    db.execute("CREATE INDEX spans_seq ON spans (seq)")


def _references(db: sqlite3.Connection) -> None:
    """Count what refers to a body, whoever writes or deletes spans."""
    count_new = "".join(
        f"UPDATE bodies SET refs = refs + 1 WHERE sha = new.{name}_sha;"
        for name in ("input", "output")
    )
    count_old = "".join(
        f"UPDATE bodies SET refs = refs - 1 WHERE sha = old.{name}_sha;"
        for name in ("input", "output")
    )
    drop_old = "DELETE FROM bodies WHERE refs = 0 AND sha IN (old.input_sha, old.output_sha);"
    is_new = "new.input_sha IS NOT NULL OR new.output_sha IS NOT NULL"
    is_old = "old.input_sha IS NOT NULL OR old.output_sha IS NOT NULL"
    for name, event, condition, steps in (
        ("added", "INSERT", is_new, count_new),
        (
            "changed",
            "UPDATE OF input_sha, output_sha",
            f"{is_new} OR {is_old}",
            count_new + count_old + drop_old,
        ),
        ("deleted", "DELETE", is_old, count_old + drop_old),
    ):
        db.execute(
            f"CREATE TRIGGER bodies_{name} AFTER {event} ON spans WHEN {condition}"
            f" BEGIN {steps} END"
        )


def _figures(db: sqlite3.Connection) -> None:
    db.execute(
        """
        CREATE TABLE histogram (
            subject TEXT NOT NULL,
            hour INTEGER NOT NULL,
            workflow TEXT NOT NULL,
            name TEXT NOT NULL,
            type TEXT NOT NULL,
            bucket INTEGER NOT NULL,
            steps INTEGER NOT NULL,
            errors INTEGER NOT NULL,
            cost_pico INTEGER NOT NULL,
            unpriced INTEGER NOT NULL,
            PRIMARY KEY (subject, hour, workflow, name, type, bucket)
        ) WITHOUT ROWID
        """
    )
    db.execute("CREATE TABLE shares (trace_id TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID")
    # What was rolled up before has no share in the histogram yet.
    db.execute("UPDATE traces SET dirty = 1")


def _senders(db: sqlite3.Connection) -> None:
    """What opens a sink again, why it did not answer, and how to find what is due."""
    db.execute("ALTER TABLE sinks ADD COLUMN options TEXT NOT NULL DEFAULT 'null'")
    db.execute("ALTER TABLE sinks ADD COLUMN last_error TEXT")
    db.execute("ALTER TABLE sinks ADD COLUMN last_error_ns INTEGER")
    db.execute(
        "CREATE INDEX deliveries_pending ON deliveries (sink_id, next_at)"
        " WHERE sent_seq < wanted_seq AND dead_reason IS NULL"
    )
    db.execute("CREATE INDEX deliveries_trace ON deliveries (trace_id)")


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    _spans,
    _traces,
    _sources,
    _bodies,
    _outbox,
    _search,
    _references,
    _figures,
    _senders,
)


def migrate(db: sqlite3.Connection, path: str) -> None:
    """Bring a database to the newest version, in one transaction.

    Raises:
        StoreVersionError: A newer agentglass wrote it.
    """
    if _version(db) == len(MIGRATIONS):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have migrated while this one waited for the lock.
        found = _version(db)
        if found > len(MIGRATIONS):
            raise StoreVersionError(path, found, len(MIGRATIONS))
        for step in MIGRATIONS[found:]:
            step(db)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])
