"""The store for notebooks."""

import importlib.util
import sqlite3

import pytest

from agentglass import Status, Usage
from agentglass.errors import MissingExtraError, StoreError
from agentglass.spans import Cost, SpanType
from agentglass.store import SQLiteStore, read_only, runs_frame, spans_frame
from agentglass.testing import make_span

HAS_PANDAS = importlib.util.find_spec("pandas") is not None
LONG = "x" * 10_000


@pytest.fixture
def path(tmp_path):
    store = SQLiteStore(tmp_path / "traces.db")
    root = make_span(name="flow")
    call = make_span(
        trace_id=root.trace_id,
        parent_id=root.span_id,
        name="chat",
        type=SpanType.LLM,
        input=LONG,
        usage=Usage(input_tokens=3, output_tokens=2),
        cost=Cost.from_usd("0.25"),
    )
    running = make_span(name="open", end_ns=None, status=Status.RUNNING)
    store.write([root, call, running])
    yield tmp_path / "traces.db"
    store.close()


def test_sql_reads_everything_and_changes_nothing(path):
    db = read_only(path)

    rows = db.execute("SELECT name, input FROM full_spans WHERE type = 'llm'").fetchall()
    assert rows == [("chat", f'"{LONG}"')]
    assert db.execute("SELECT input FROM spans WHERE type = 'llm'").fetchall() == [(None,)]
    for statement in ("DELETE FROM spans", "DROP TABLE spans", "UPDATE traces SET name = 'x'"):
        with pytest.raises(sqlite3.OperationalError, match=r"readonly|read-only"):
            db.execute(statement)
    db.close()


def test_a_store_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(StoreError, match="cannot be read"):
        read_only(tmp_path / "none.db")
    with pytest.raises(StoreError, match="cannot be read"):
        runs_frame(path=tmp_path / "none.db")

    assert not (tmp_path / "none.db").exists()


def test_the_store_of_the_home_is_the_default(home):
    SQLiteStore(home / "traces.db").write([make_span()])

    db = read_only()

    assert db.execute("SELECT count(*) FROM traces").fetchone() == (1,)
    db.close()


@pytest.mark.skipif(HAS_PANDAS, reason="pandas is installed")
def test_without_pandas_a_frame_says_what_to_install(path):
    with pytest.raises(MissingExtraError, match=r"pip install 'agentglass\[frames\]'"):
        runs_frame(path=path)


@pytest.mark.skipif(not HAS_PANDAS, reason="pandas is not installed")
def test_runs_are_a_frame(path):
    frame = runs_frame(path=path)

    assert list(frame["name"]) == ["open", "flow"]
    assert list(frame["cost_usd"]) == [0.0, 0.25]
    assert frame["duration_s"].isna().tolist() == [True, False]
    assert str(frame["start_time"].dt.tz) == "UTC"
    assert list(runs_frame("cost > 0.1", path)["name"]) == ["flow"]
    assert list(runs_frame("cost > 9", path).columns) == list(frame.columns)


@pytest.mark.skipif(not HAS_PANDAS, reason="pandas is not installed")
def test_spans_are_a_frame(path):
    frame = spans_frame("name = flow", path)

    assert list(frame["name"]) == ["flow", "chat"]
    assert frame["cost_usd"].sum() == 0.25
    assert frame["input"].iloc[1] == f'"{LONG}"'
    assert list(spans_frame("name = nothing", path).columns) == list(frame.columns)
