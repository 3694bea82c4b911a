"""`agentglass show`: one run as a tree, and as JSON."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from command_line import FAILING_LATE, STORY, CommandLine

PLAIN = """
schema_version: "1.0"
flow: {name: plain}
state: {fields: {n: {type: int, default: 1}}}
nodes: [{id: count, type: set, values: {n: 2}, attributes: {entity_count: "{n}"}}]
"""


@dataclass(frozen=True)
class History:
    """A home with three runs."""

    cli: CommandLine
    runs: tuple[Mapping[str, Any], ...]
    """A story, one that failed, and a plain one; as `runs --json` lists them."""


@pytest.fixture(scope="module")
def history(make_cli: Callable[[], CommandLine]) -> History:
    """A home with three runs."""
    cli = make_cli()
    assert cli("run", cli.write(STORY), "-i", "topic=glass").code == 0
    assert cli("run", cli.write(FAILING_LATE, "late.yaml"), "-i", "topic=sand").code == 1
    assert cli("run", cli.write(PLAIN, "plain.yaml"), "--tag", "night=1").code == 0
    return History(cli, tuple(reversed(cli("runs", "--json").json)))


def plain(text: str) -> str:
    """Return a tree without its times, which differ."""
    return re.sub(r" +[\d.,]+ (µs|ms|s)\b", "  TIME", text)


def test_a_run_is_a_tree_with_its_figures(history: History) -> None:
    """A-US1, A-SC2: every node is there, with its time and its status."""
    story = history.runs[0]

    output = history.cli("show", story["run_id"])

    lines = plain(output.out).splitlines()
    assert output.code == 0
    assert lines[0] == "story  ok  TIME  1 model call  12→5 tok  $0.000375"
    assert lines[1].startswith(f"run {story['run_id']}  ")
    assert lines[1].endswith("level trace  workflow=story")
    assert lines[2:] == [
        "└─ story                workflow  TIME  ok",
        "   ├─ collect           node  TIME  ok",
        "   ├─ Write the draft   node  TIME  ok",
        "   │  └─ chat scripted  llm  TIME  ok  12→5 tok  $0.000375",
        "   └─ finish            node  TIME  ok",
        "complete: all 5 spans are recorded",
    ]


def test_an_error_is_shown_once_where_it_happened(history: History) -> None:
    """A-US1.2: the failing node carries the exception, the nodes before it succeeded."""
    output = history.cli("show", history.runs[1]["run_id"])

    lines = plain(output.out).splitlines()
    assert output.out.count("no facts about sand") == 1
    assert lines[-3].split() == ["└─", "check", "node", "TIME", "error"]
    assert lines[-2].strip() == "ValueError: no facts about sand"
    assert [line.endswith("  ok") for line in lines if "  node  " in line] == [True, True, False]
    assert lines[-1] == "complete: all 5 spans are recorded"


def test_last_is_the_latest_run_and_what_is_shown_by_default(history: History) -> None:
    last = history.cli("show", "last")

    assert last.out == history.cli("show").out
    assert last.out.startswith("plain  ok")
    assert "night=1" in last.out


def test_verbose_shows_inputs_outputs_and_what_a_node_says_of_itself(history: History) -> None:
    """T3907: attributes of a node are in its span."""
    output = history.cli("show", "last", "-v")

    assert 'in  {"n": 1}' in output.out
    assert 'out {"n": 2}' in output.out
    assert 'set {"entity_count": 2}' in output.out


def test_verbose_shows_the_stack_of_an_error(history: History) -> None:
    output = history.cli("show", history.runs[1]["run_id"], "-v")

    assert output.out.count('steps.py", line') == 1
    assert 'raise ValueError(f"no facts about {topic}")' in output.out


@pytest.mark.parametrize("length", [8, 12, 36])
def test_the_beginning_of_a_run_id_is_enough(history: History, length: int) -> None:
    run_id = history.runs[0]["run_id"]

    assert f"run {run_id}" in history.cli("show", run_id[:length]).out


def test_a_trace_id_names_a_run_too(history: History) -> None:
    story = history.runs[0]

    assert f"run {story['run_id']}" in history.cli("show", story["trace_id"]).out


def test_a_run_that_is_not_there_is_told(history: History) -> None:
    output = history.cli("show", "ffffffffffff")

    assert (output.code, output.out) == (2, "")
    assert output.err == (
        "There is no run 'ffffffffffff' in the store. List the runs with: agentglass runs\n"
    )


def test_a_prefix_of_several_runs_lists_them(history: History) -> None:
    output = history.cli("show", "")

    assert (output.code, output.out) == (2, "")
    assert "Run '' is ambiguous." in output.err
    assert all(run["run_id"] in output.err for run in history.runs)


def test_json_has_every_span_with_its_contents(history: History) -> None:
    """A-US1.1: the workflow's span with one child per node, each with inputs and outputs."""
    story = history.runs[0]

    shown = history.cli("show", story["run_id"], "--json").json

    spans = {span["name"]: span for span in shown["spans"]}
    root, node, call = spans["story"], spans["Write the draft"], spans["chat scripted"]
    assert (shown["complete"], shown["incomplete_because"]) == (True, [])
    assert shown["run"] == story
    assert (root["parent_id"], root["input"]) == (None, {"topic": "glass"})
    assert root["output"] == "glass: Sand and fire."
    assert node["parent_id"] == root["span_id"]
    assert node["output"] == {"draft": "Sand and fire."}
    assert node["attributes"]["agentglass.node_id"] == "write"
    assert call["parent_id"] == node["span_id"]
    assert (call["type"], call["cost_usd"]) == ("llm", 0.000375)
    assert all(span["end_ns"] >= span["start_ns"] for span in shown["spans"])


def test_json_has_the_error_of_a_span(history: History) -> None:
    shown = history.cli("show", history.runs[1]["run_id"], "--json").json

    (check,) = [span for span in shown["spans"] if span["name"] == "check"]
    assert check["error"]["type"] == "ValueError"
    assert check["error"]["message"] == "no facts about sand"
    assert "in fail" in check["error"]["stacktrace"]


def test_runs_are_listed_latest_first(history: History) -> None:
    output = history.cli("runs")

    heading, *lines = output.out.splitlines()
    assert heading.split()[:4] == ["RUN", "WORKFLOW", "STATUS", "STARTED"]
    assert [line.split()[1:3] for line in lines] == [
        ["plain", "ok"],
        ["story", "error"],
        ["story", "ok"],
    ]
    assert [line.split()[0] for line in lines] == [
        run["run_id"][:8] for run in reversed(history.runs)
    ]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--workflow", "story"], [1, 0]),
        (["--status", "error"], [1]),
        (["--status", "OK", "--workflow", "story"], [0]),
        (["--since", "1h"], [2, 1, 0]),
        (["--since", "999999w"], [2, 1, 0]),
        (["--since", "2999-01-01"], []),
        (["--limit", "1"], [2]),
        (["--workflow", "nothing"], []),
    ],
    ids=lambda value: " ".join(map(str, value)),
)
def test_runs_can_be_filtered(history: History, arguments: list[str], expected: list[int]) -> None:
    found = history.cli("runs", *arguments, "--json").json

    assert found == [history.runs[index] for index in expected]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--status", "eror"], "Unknown status 'eror'. Did you mean 'error'?"),
        (["--since", "yesterday"], "--since is 'yesterday'. Expected an age such as 30m"),
        (["--limit", "0"], "--limit"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_filter_that_cannot_be_used_is_told(
    history: History, arguments: list[str], message: str
) -> None:
    output = history.cli("runs", *arguments)

    assert (output.code, output.out) == (2, "")
    assert message in output.err
    assert "Traceback" not in output.err


def test_without_any_runs_the_way_to_one_is_shown(cli: CommandLine) -> None:
    table, listed, shown = cli("runs"), cli("runs", "--json"), cli("show", "last")

    assert (table.code, table.out) == (0, "No runs. Make one with: agentglass run FILE\n")
    assert (listed.code, listed.json) == (0, [])
    assert (shown.code, shown.out) == (2, "")
    assert not cli.home.exists()


def test_doctor_says_what_is_installed_and_where_the_record_is(history: History) -> None:
    output = history.cli("doctor")

    assert (output.code, output.err) == (0, "")
    assert re.search(r"^agentglass +\d", output.out, re.MULTILINE)
    assert re.search(rf"^store +{re.escape(str(history.cli.home))}/traces.db$", output.out, re.M)
    assert "3 runs, 12 spans" in output.out
    assert re.search(r"^\[run\] +.*langgraph \d", output.out, re.MULTILINE)


def test_doctor_speaks_json(history: History) -> None:
    report = history.cli("doctor", "--json").json

    assert report["store"]["path"] == str(history.cli.home / "traces.db")
    assert (report["store"]["traces"], report["store"]["spans"]) == (3, 12)
    assert report["store"]["size_bytes"] > 0
    assert report["extras"]["run"]["is_complete"] is True
    assert report["extras"]["run"]["packages"]["langgraph"]


def test_doctor_makes_nothing_where_there_is_nothing(cli: CommandLine) -> None:
    output = cli("doctor")

    assert output.code == 0
    assert "not there yet; the first run makes it" in output.out
    assert not cli.home.exists()
