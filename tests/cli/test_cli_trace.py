"""`--trace`: the debug file of a run, with the store before and after every node."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from command_line import FAILING_LATE, STORY, CommandLine, Output

LISTS = """
schema_version: "1.0"
flow: {name: lists}
state:
  fields:
    items: {type: "list[str]", reducer: append}
    note: {type: object, default: {text: old, tags: []}}
nodes:
  - {id: one, type: set, values: {items: [a]}}
  - {id: two, type: python, callable: "grow:grow", outputs: [items]}
"""

GROW = """
def grow(state):
    state["note"]["text"] = "new"
    state["note"]["tags"].append("late")
    return {"items": ["b"]}
"""

Nodes = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def traced(make_cli: Callable[[], CommandLine]) -> tuple[CommandLine, Output]:
    """A run that goes well, with both kinds of figures."""
    cli = make_cli()
    file = cli.write(STORY)
    return cli, cli("run", file, "-i", "topic=glass", "--trace", "--output-format", "json")


@pytest.fixture(scope="module")
def view(traced: tuple[CommandLine, Output]) -> Mapping[str, Any]:
    """The debug file of that run."""
    contents: Mapping[str, Any] = traced[0].last_debug_file()
    return contents


@pytest.fixture(scope="module")
def failed(make_cli: Callable[[], CommandLine]) -> Mapping[str, Any]:
    """The debug file of a run whose third node fails."""
    cli = make_cli()
    assert cli("run", cli.write(FAILING_LATE), "-i", "topic=glass", "--trace").code == 1
    contents: Mapping[str, Any] = cli.last_debug_file()
    return contents


def nodes_of(view: Mapping[str, Any]) -> Nodes:
    """Return the nodes of a debug file by their ids."""
    return {node["node_id"]: node for node in view["nodes"]}


def test_the_flag_writes_a_file_and_says_where(traced: tuple[CommandLine, Output]) -> None:
    """P-C03, P-S3, P-K3: the trace of a run is collected, and saved in full."""
    cli, output = traced

    assert output.code == 0
    assert output.err == f"Trace: {cli.debug_files()[0]}\n"


def test_the_file_is_in_the_debug_directory(traced: tuple[CommandLine, Output]) -> None:
    """P-T2, P-D4: `debug`, not `traces`; for its owner alone."""
    cli, _ = traced
    (path,) = cli.debug_files()

    assert path.parent == cli.home / "debug"
    assert (path.parent.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)


def test_the_file_is_named_after_the_start_of_the_run(
    traced: tuple[CommandLine, Output], view: Mapping[str, Any]
) -> None:
    """P-C21, P-C24, P-T3: agentglass-trace-workflow-YYYYMMDD-HHMMSS.json, in local time."""
    (path,) = traced[0].debug_files()
    started = datetime.fromisoformat(view["start_time"]).astimezone()

    assert path.name == f"agentglass-trace-workflow-{started:%Y%m%d-%H%M%S}.json"


def test_the_execution_id_is_the_run_id_a_uuid(
    traced: tuple[CommandLine, Output], view: Mapping[str, Any]
) -> None:
    """P-C23, P-T3: the id is inside the file, and not in its name."""
    assert UUID(view["execution_id"]).version == 4
    assert view["execution_id"] == traced[1].json["run_id"]


def test_the_root_has_the_fields_of_the_format(view: Mapping[str, Any]) -> None:
    """P-K3: trace format 1.2.0."""
    assert list(view) == [
        "format_version",
        "execution_id",
        "workflow_name",
        "start_time",
        "end_time",
        "duration_ms",
        "final_status",
        "nodes_executed",
        "nodes_failed",
        "nodes",
        "llm_summary",
        "json_output",
    ]
    assert view["format_version"] == "1.2.0"
    assert (view["workflow_name"], view["final_status"]) == ("story", "success")
    assert (view["nodes_executed"], view["nodes_failed"]) == (3, 0)
    assert view["llm_summary"] == {
        "total_calls": 1,
        "total_tokens": 17,
        "models_used": ["scripted"],
    }


def test_the_json_output_is_in_the_file_too(
    traced: tuple[CommandLine, Output], view: Mapping[str, Any]
) -> None:
    assert view["json_output"] == traced[1].json


def test_a_node_has_the_fields_of_the_format(view: Mapping[str, Any]) -> None:
    node = nodes_of(view)["write"]

    assert set(node) == {
        "node_id",
        "node_type",
        "duration_ms",
        "success",
        "timestamp",
        "shared_before",
        "shared_after",
        "mutations",
        "template_resolutions",
        "llm_call",
        "llm_prompt",
        "llm_response",
    }
    assert (node["node_type"], node["success"]) == ("llm", True)
    assert node["duration_ms"] > 0
    assert datetime.fromisoformat(node["timestamp"]).tzinfo is not None


def test_the_store_is_there_as_it_was_before_each_node(view: Mapping[str, Any]) -> None:
    """P-C16: the state that the node was given."""
    nodes = nodes_of(view)

    assert nodes["collect"]["shared_before"]["topic"] == "glass"
    assert nodes["collect"]["shared_before"]["facts"] is None
    assert nodes["write"]["shared_before"]["facts"] == ["glass is old", "glass is new"]
    assert nodes["write"]["shared_before"]["draft"] is None


def test_the_store_is_there_as_it_was_after_each_node(view: Mapping[str, Any]) -> None:
    """P-C17: the state with what the node wrote."""
    nodes = nodes_of(view)

    assert nodes["collect"]["shared_after"]["facts"] == ["glass is old", "glass is new"]
    assert nodes["finish"]["shared_after"]["story"] == "glass: Sand and fire."
    assert nodes["collect"]["mutations"] == {"added": [], "removed": [], "modified": ["facts"]}


def test_what_templates_stood_for_is_in_the_file(view: Mapping[str, Any]) -> None:
    """P-C18, P-T7: by the template as it is written, its value with its type."""
    nodes = nodes_of(view)

    assert nodes["write"]["template_resolutions"] == {
        "{topic}": "glass",
        "{facts[0]}": "glass is old",
    }
    assert nodes["finish"]["template_resolutions"] == {
        "{topic}": "glass",
        "{draft}": "Sand and fire.",
    }


def test_a_model_call_is_in_the_file_with_its_texts(view: Mapping[str, Any]) -> None:
    """P-C06: the usage that the answer reported."""
    node = nodes_of(view)["write"]
    call = node["llm_call"]

    assert node["llm_prompt"] == "Write about glass: glass is old"
    assert node["llm_response"] == "Sand and fire."
    assert (call["model"], call["node_id"]) == ("scripted", "write")
    assert (call["input_tokens"], call["output_tokens"], call["total_tokens"]) == (12, 5, 17)
    assert (call["total_cost_usd"], call["is_planner"]) == (0.000375, False)


def test_the_calls_so_far_stand_in_the_store_of_later_nodes_only(view: Mapping[str, Any]) -> None:
    """P-C07: the usage of a call is added to a list in the store."""
    nodes = nodes_of(view)

    assert "__llm_calls__" not in nodes["write"]["shared_before"]
    assert nodes["write"]["shared_after"]["__llm_calls__"] == [nodes["write"]["llm_call"]]
    assert nodes["finish"]["shared_before"]["__llm_calls__"] == [nodes["write"]["llm_call"]]


def test_several_calls_are_all_kept_and_added_up(cli: CommandLine) -> None:
    """P-C08, P-C09, P-I4, P-D5: a later call is added to the list and overwrites none."""
    again = STORY.replace(
        "  - id: finish\n",
        '  - {id: improve, type: llm, prompt: "Improve {draft}", outputs: [draft]}\n  - id: finish\n',
    )

    output = cli(
        *("run", cli.write(again), "-i", "topic=glass", "--output-format", "json", "--trace")
    )

    nodes = nodes_of(cli.last_debug_file())
    calls = nodes["finish"]["shared_after"]["__llm_calls__"]
    assert [call["node_id"] for call in calls] == ["write", "improve"]
    assert output.json["metrics"]["total"]["tokens_input"] == 24
    assert output.json["total_cost_usd"] == 0.00075


def test_a_failed_node_has_the_details_of_its_error(failed: Mapping[str, Any]) -> None:
    """P-C19: what was raised, in the node that raised it."""
    node = nodes_of(failed)["check"]

    assert (node["success"], node["error"]) == (False, "ValueError: no facts about glass")
    assert node["mutations"] == {"added": [], "removed": [], "modified": []}
    assert (failed["final_status"], failed["nodes_failed"]) == ("failed", 1)


def test_every_node_before_the_failed_one_is_in_the_file(failed: Mapping[str, Any]) -> None:
    """P-C20: the nodes that succeeded are there, and none that did not run."""
    succeeded = [(node["node_id"], node["success"]) for node in failed["nodes"]]

    assert succeeded == [("collect", True), ("write", True), ("check", False)]


def test_a_snapshot_does_not_change_with_the_value_that_it_shows(cli: CommandLine) -> None:
    cli.write(GROW, "grow.py")

    assert cli("run", cli.write(LISTS), "--trace").code == 0

    nodes = nodes_of(cli.last_debug_file())
    assert nodes["one"]["shared_before"]["items"] is None
    assert nodes["one"]["shared_after"]["items"] == ["a"]
    assert nodes["one"]["shared_before"]["note"] == {"text": "old", "tags": []}
    assert nodes["two"]["shared_before"]["note"] == {"text": "old", "tags": []}
    assert nodes["two"]["shared_after"]["items"] == ["a", "b"]
    assert nodes["two"]["shared_after"]["note"] == {"text": "new", "tags": ["late"]}
    assert nodes["two"]["mutations"]["modified"] == ["items", "note"]


def test_every_run_has_a_file_of_its_own(cli: CommandLine) -> None:
    file = cli.write(STORY)

    first = cli("run", file, "-i", "topic=glass", "--trace")
    second = cli("run", file, "-i", "topic=glass", "--trace")

    assert first.err != second.err
    assert len(cli.debug_files()) == 2


def test_a_run_without_the_flag_writes_no_file(cli: CommandLine) -> None:
    """Details go to files when they are asked for."""
    assert cli("run", cli.write(STORY), "-i", "topic=glass").code == 0

    assert not (cli.home / "debug").exists()


@pytest.mark.parametrize("prefix", ["AGENTGLASS", "PFLOW"])
def test_five_variables_bound_what_is_in_the_file(cli: CommandLine, prefix: str) -> None:
    limits = {
        "TRACE_PROMPT_MAX": "5",
        "TRACE_RESPONSE_MAX": "4",
        "TRACE_STORE_MAX": "3",
        "TRACE_DICT_MAX": "20",
        "TRACE_LLM_CALLS_MAX": "0",
    }

    output = cli(
        *("run", cli.write(STORY), "-i", "topic=glass", "--trace"),
        env={f"{prefix}_{name}": limit for name, limit in limits.items()},
    )

    nodes = nodes_of(cli.last_debug_file())
    assert output.code == 0
    assert nodes["write"]["llm_prompt_truncated"] == "Write... [truncated]"
    assert nodes["write"]["llm_response_truncated"] == "Sand... [truncated]"
    assert nodes["finish"]["shared_before"]["draft"] == "San... [truncated]"
    assert nodes["finish"]["template_resolutions"] == {"... [truncated]": "2 of 2 entries left out"}
    assert "__llm_calls__" not in nodes["finish"]["shared_after"]


def test_a_limit_that_is_no_number_is_a_warning(cli: CommandLine) -> None:
    output = cli(
        *("run", cli.write(STORY), "-i", "topic=glass", "--trace"),
        env={"AGENTGLASS_TRACE_STORE_MAX": "10k"},
    )

    assert (output.code, output.out) == (0, "glass: Sand and fire.\n")
    assert output.err == (
        "Warning: the trace file could not be written: AGENTGLASS_TRACE_STORE_MAX is '10k'. "
        "Expected a whole number of characters.\n"
    )


def test_a_file_that_cannot_be_written_is_a_warning_and_the_run_goes_on(cli: CommandLine) -> None:
    """P-C29: the result is printed and the exit code is that of the run."""
    cli.home.mkdir()
    (cli.home / "debug").write_text("in the way", encoding="utf-8")

    output = cli("run", cli.write(STORY), "-i", "topic=glass", "--trace")

    assert (output.code, output.out) == (0, "glass: Sand and fire.\n")
    assert output.err.startswith("Warning: the trace file could not be written: ")
    assert output.err.count("\n") == 1


def test_at_a_lower_level_of_the_environment_the_flag_asks_for_everything(
    cli: CommandLine,
) -> None:
    output = cli(
        *("run", cli.write(STORY), "-i", "topic=glass", "--trace"),
        env={"AGENTGLASS_LEVEL": "off"},
    )

    assert output.code == 0
    assert nodes_of(cli.last_debug_file())["collect"]["shared_before"]["topic"] == "glass"
