"""The verbs that search the store and look after it."""

import sqlite3
import stat
from pathlib import Path

import pytest
from command_line import FAILING, STORY, CommandLine

from agentglass.spans import TraceState, run_id_from_trace_id
from agentglass.store import SQLiteStore
from agentglass.testing import make_span

DAY_NS = 24 * 3_600 * 10**9


@pytest.fixture(scope="module")
def told(make_cli) -> CommandLine:
    """A home with two runs of a story, one of which failed; for tests that only read."""
    cli = make_cli()
    cli("run", cli.write(STORY), "-i", "topic=basalt")
    cli("run", cli.write(FAILING), "-i", "topic=granite")
    return cli


@pytest.fixture
def three(cli: CommandLine) -> CommandLine:
    """A home with runs of two users, one of them still open."""
    store = SQLiteStore(cli.home / "traces.db")
    for name, user, end_ns in (("old", "ann", 1), ("new", "bob", 1), ("open", "ann", None)):
        span = make_span(name=name)
        if end_ns is None:
            span.end_ns, span.status = None, "running"
        if name != "old":
            span.start_ns += 30 * DAY_NS
            span.end_ns = span.end_ns and span.end_ns + 30 * DAY_NS
        span.trace = TraceState(
            span.trace_id, run_id_from_trace_id(span.trace_id), user_id=user, session_id="s"
        )
        store.write([span])
    # The process that has it open lives on: this one.
    store.close()
    return cli


def names(cli: CommandLine) -> list[str]:
    return sorted(run["name"] for run in cli("runs", "--json").json)


def test_search_finds_spans_with_their_run_and_what_stands_around(told: CommandLine) -> None:
    found = told("search", "basalt is old", "--json").json

    run = told("runs", "--where", "status = ok", "--json").json[0]
    assert {hit["run_id"] for hit in found["hits"]} == {run["run_id"]}
    assert "collect" in {hit["name"] for hit in found["hits"]}
    assert all("basalt" in hit["snippet"] for hit in found["hits"])
    assert found["not_indexed"] == 0


def test_search_prints_two_lines_a_hit(told: CommandLine) -> None:
    output = told("search", '"no facts about granite"', "-n", "1")

    head, snippet = output.out.splitlines()
    assert "error" in head
    assert "story > " in head
    assert "no facts about granite" in snippet


def test_a_search_for_nothing_is_no_error_and_one_without_words_is(told: CommandLine) -> None:
    nothing, empty = told("search", "unheardof"), told("search", "!!!")

    assert (nothing.code, nothing.out, nothing.err) == (0, "", "Nothing was found.\n")
    assert empty.code == 2
    assert "no word to look for" in empty.err


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("status = error", 1),
        ("node = write", 1),
        ("cost > 0.0003 and tag.workflow = story", 1),
        ("workflow = story", 2),
        ("duration > 1h", 0),
    ],
)
def test_runs_are_listed_by_a_condition(told: CommandLine, where: str, count: int) -> None:
    assert len(told("runs", "--where", where, "--json").json) == count


def test_a_condition_that_cannot_be_understood_exits_with_2_and_says_where(
    cli: CommandLine,
) -> None:
    output = cli("runs", "--where", "cost > 0.01 and nod = x")

    assert (output.code, output.out) == (2, "")
    assert "character 17: unknown field 'nod'. Did you mean 'node'?" in output.err


def test_stats_tell_count_errors_durations_and_cost(told: CommandLine) -> None:
    nodes = {each["name"]: each for each in told("stats", "--json").json}
    (flow,) = told("stats", "--by", "workflow", "--json").json
    (model,) = told("stats", "--by", "model", "--json").json

    assert (nodes["collect"]["count"], nodes["collect"]["errors"]) == (2, 1)
    assert (nodes["write"]["count"], nodes["write"]["cost_usd"]) == (1, 0.000375)
    assert nodes["collect"]["p50_ms"] <= nodes["collect"]["p99_ms"]
    assert (flow["name"], flow["count"], flow["errors"]) == ("story", 2, 1)
    assert (model["count"], model["cost_usd"], model["unpriced_calls"]) == (1, 0.000375, 0)


def test_stats_are_a_table_and_an_unknown_kind_is_refused(told: CommandLine) -> None:
    table, unknown = told("stats", "--by", "node"), told("stats", "--by", "nodes")

    assert table.out.splitlines()[0].split() == (
        ["WORKFLOW", "NODE", "TYPE", "COUNT", "ERRORS", "P50", "P95", "P99", "COST"]
    )
    assert unknown.code == 2
    assert "Did you mean 'node'?" in unknown.err


def test_an_unknown_price_is_said(cli: CommandLine) -> None:
    unpriced = STORY.replace(', cost_usd: "0.000375"', "")
    cli("run", cli.write(unpriced), "-i", "topic=chalk")

    output = cli("stats", "--by", "model")

    assert "$?" in output.out
    assert "Cost unknown: " in output.out


def test_delete_takes_what_is_named_and_needs_a_yes(three: CommandLine) -> None:
    (run,) = [run for run in three("runs", "--json").json if run["name"] == "new"]

    unsure = three("delete", run["run_id"])
    assert unsure.code == 2
    assert "Add --yes" in unsure.err
    sure = three("delete", run["run_id"], "--yes")

    assert (sure.code, sure.out) == (0, "1 run deleted.\n")
    assert names(three) == ["old", "open"]


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (("--user", "ann"), ["new", "open"]),
        (("--session", "s"), ["open"]),
        (("--older-than", "2026-01-15"), ["new", "open"]),
        (("--user", "bob", "--older-than", "2026-01-15"), ["new", "old", "open"]),
    ],
)
def test_delete_takes_the_ended_runs_that_match_every_option(
    three: CommandLine, options: tuple[str, ...], left: list[str]
) -> None:
    output = three("delete", *options, "--yes", "--json")

    assert output.code == 0
    assert output.json["deleted"] == 3 - len(left)
    assert names(three) == left


@pytest.mark.parametrize("arguments", [(), ("last", "--user", "ann")])
def test_delete_wants_names_or_options_and_not_both(
    three: CommandLine, arguments: tuple[str, ...]
) -> None:
    output = three("delete", *arguments, "--yes")

    assert output.code == 2
    assert names(three) == ["new", "old", "open"]


def test_gc_says_what_it_freed(three: CommandLine) -> None:
    plain = three("gc", "--json")
    asked = three("gc", "--older-than", "2026-01-15")
    old = three("gc", "--older-than", "2026-01-15", "--yes")

    assert (plain.code, plain.json["runs"]) == (0, 0)
    assert (asked.code, asked.out) == (2, "")
    assert old.out.startswith("1 runs deleted")
    assert names(three) == ["new", "open"]


def test_gc_refuses_what_is_no_size(three: CommandLine) -> None:
    output = three("gc", "--max-size", "much")

    assert output.code == 2
    assert "no size" in output.err


def test_backup_writes_a_store_and_never_over_a_file(told: CommandLine, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"

    first, again = told("backup", target), told("backup", target)
    forced = told("backup", target, "--force", "--json")

    assert (first.code, again.code, forced.code) == (0, 2, 0)
    assert "there already" in again.err
    assert forced.json["size_bytes"] == target.stat().st_size
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with sqlite3.connect(target) as db:
        assert db.execute("SELECT count(*) FROM traces").fetchone() == (2,)
    db.close()


def test_backup_without_a_store_or_a_directory_says_so(
    cli: CommandLine, told: CommandLine, tmp_path: Path
) -> None:
    nothing = cli("backup", tmp_path / "copy.db")
    nowhere = told("backup", tmp_path / "no" / "copy.db")

    assert (nothing.code, nowhere.code) == (1, 1)
    assert "There is no store" in nothing.err
    assert "cannot be written: No such file or directory" in nowhere.err
