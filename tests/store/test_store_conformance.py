"""The SQLite store passes the kit, on disk and in memory."""

import pytest

from agentglass.store import SQLiteStore
from agentglass.testing import STORE_CHECKS


@pytest.mark.parametrize("check", STORE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("place", ["disk", "memory"])
def test_the_sqlite_store_conforms(check, place, tmp_path):
    store = SQLiteStore(":memory:" if place == "memory" else tmp_path / "deep" / "traces.db")

    check(store)

    store.close()


def test_the_checks_do_not_disturb_each_other_in_one_store(tmp_path):
    store = SQLiteStore(tmp_path / "traces.db")

    for check in STORE_CHECKS:
        check(store)
