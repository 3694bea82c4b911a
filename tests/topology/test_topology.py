"""The topology suite: every program leaves exactly its tree."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from topology_page import PAGE, page
from topology_table import TABLE, outline_of

from agentglass.store import SQLiteStore
from agentglass.testing import capture

OPEN_QUESTION = "interrupt interrupted"


def names(*, is_script):
    return [row.name for row in TABLE.values() if row.is_script is is_script]


def check(row, traces):
    """Compare what was recorded with the table, and see that nothing is missing of it."""
    assert outline_of(trace.spans for trace in traces) == row.tree
    if OPEN_QUESTION not in row.tree:
        assert not any(trace.completeness.reasons for trace in traces)


@pytest.mark.parametrize("name", names(is_script=False))
def test_a_program_leaves_its_tree(name):
    with capture() as recorded:
        TABLE[name].run()

    check(TABLE[name], recorded.traces)


@pytest.mark.parametrize("name", names(is_script=True))
def test_a_process_leaves_its_tree(name, home):
    row = TABLE[name]
    code = f"import {row.run.__module__} as chapter; chapter.{name}()"
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (0, "")
    store = SQLiteStore(home / "traces.db")
    check(row, [store.get_trace(run.trace_id) for run in store.find(limit=1_000).traces])


def test_the_published_table_is_the_one_that_is_run():
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run: python tests/topology/topology_page.py --write"
    )
