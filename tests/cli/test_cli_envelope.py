"""`--output-format json`: one object with the result, the figures and the errors."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_line import FAILING_LATE, STORY, CommandLine, Output
from jsonschema import Draft202012Validator

from agentglass.testing import LLMServer, Reply
from agentglass.workflow.envelope import run_envelope
from agentglass.workflow.run import run_workflow

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "envelope.schema.json"

PLAIN = """
schema_version: "1.0"
flow: {name: plain}
state: {fields: {word: {type: str, default: glass}}}
nodes:
  - {id: first, type: set, values: {word: "{word}"}}
  - {id: second, type: set, values: {word: "{word}!"}}
"""

TWO_CALLS = """
schema_version: "1.0"
flow: {name: calls}
state: {fields: {one: str, two: str}}
nodes:
  - {id: one, type: llm, prompt: One, outputs: [one]}
  - {id: two, type: llm, prompt: Two, outputs: [two]}
config: {llm: {provider: openai, model: some-model, api_base: "BASE"}}
"""


def valid(output: Output) -> Mapping[str, Any]:
    """Return the envelope, once it has the published shape."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    envelope: Mapping[str, Any] = output.json
    assert [error.message for error in validator.iter_errors(envelope)] == []
    return envelope


@pytest.fixture(scope="module")
def story(make_cli: Callable[[], CommandLine]) -> Output:
    """A run that goes well."""
    cli = make_cli()
    return cli("run", cli.write(STORY), "-i", "topic=glass", "--output-format", "json")


@pytest.fixture(scope="module")
def failure(make_cli: Callable[[], CommandLine]) -> Output:
    """A run whose third node fails."""
    cli = make_cli()
    return cli("run", cli.write(FAILING_LATE), "-i", "topic=glass", "--output-format", "json")


def call_twice(cli: CommandLine, *replies: Reply) -> Mapping[str, Any]:
    """Return the envelope of a run that asks a model server twice."""
    with LLMServer(replies=replies) as server:
        file = cli.write(TWO_CALLS.replace("BASE", server.base_url))
        return valid(cli("run", file, "--output-format", "json"))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_json_output_is_the_envelope_and_nothing_else(story: Output) -> None:
    """P-S2, P-M2, P-I3: the result, with the figures at the top."""
    envelope = valid(story)

    assert (story.code, story.err) == (0, "")
    assert envelope["result"] == "glass: Sand and fire."
    assert envelope["workflow"] == {"action": "run", "name": "story"}


def test_json_output_has_metrics(story: Output) -> None:
    """P-C02, P-K1: figures are collected where the output asks for them."""
    metrics = valid(story)["metrics"]["workflow"]

    assert metrics["nodes_executed"] == 3
    assert (metrics["tokens_input"], metrics["tokens_output"]) == (12, 5)
    assert metrics["tokens_total"] == 17
    assert metrics["models_used"] == ["scripted"]
    assert metrics["cost_usd"] == 0.000375


def test_the_root_says_that_nothing_failed(story: Output) -> None:
    """P-C11: the root has `is_error`."""
    envelope = valid(story)

    assert (envelope["is_error"], envelope["success"]) == (False, True)
    assert envelope["status"] == "success"


def test_the_root_has_the_duration_of_the_run(story: Output) -> None:
    """P-C12: `duration_ms` is at least what its nodes took."""
    envelope = valid(story)

    timings = envelope["metrics"]["workflow"]["node_timings"]
    assert envelope["duration_ms"] >= sum(timings.values()) > 0


def test_the_root_has_no_planner_duration_without_a_planner(story: Output) -> None:
    """P-C13: `duration_planner_ms` is there, and null."""
    envelope = valid(story)

    assert envelope["duration_planner_ms"] is None
    assert "planner" not in envelope["metrics"]


def test_the_root_has_what_the_run_cost(story: Output) -> None:
    """P-C14: `total_cost_usd` is what the provider reported."""
    assert valid(story)["total_cost_usd"] == 0.000375


def test_the_root_has_the_number_of_nodes(story: Output) -> None:
    """P-C15: `num_nodes` counts the nodes that ran."""
    envelope = valid(story)

    assert envelope["num_nodes"] == envelope["nodes_executed"] == 3
    assert envelope["execution"]["nodes_total"] == 3


def test_the_figures_stand_at_the_root(story: Output) -> None:
    """P-D2: nobody has to look for them below."""
    assert {"is_error", "duration_ms", "total_cost_usd", "num_nodes"} <= valid(story).keys()


def test_every_node_has_its_time(story: Output) -> None:
    envelope = valid(story)

    timings = envelope["metrics"]["workflow"]["node_timings"]
    steps = envelope["execution"]["steps"]
    assert list(timings) == ["collect", "write", "finish"]
    assert {step["node_id"]: step["duration_ms"] for step in steps} == timings


def test_a_node_that_runs_twice_is_counted_twice_and_its_times_add_up(cli: CommandLine) -> None:
    # No workflow can loop yet, so the second round of a real result is its first one again.
    result = run_workflow(cli.write(PLAIN), level="off")
    twice = replace(result, steps=(*result.steps, *result.steps))

    envelope = run_envelope(twice, None)

    first = sum(step.duration_ms for step in twice.steps if step.node_id == "first")
    assert envelope["num_nodes"] == 4
    assert envelope["metrics"]["workflow"]["node_timings"]["first"] == pytest.approx(
        first, abs=0.01
    )


def test_a_workflow_without_models_costs_nothing(cli: CommandLine) -> None:
    """P-C25: the cost is 0.0, not unknown."""
    envelope = valid(cli("run", cli.write(PLAIN), "--output-format", "json"))

    assert envelope["total_cost_usd"] == 0.0
    assert envelope["metrics"]["workflow"]["models_used"] == []


def test_a_failed_run_has_its_metrics_too(failure: Output) -> None:
    """P-C30: what was spent before the failure is in the figures."""
    envelope = valid(failure)

    assert (failure.code, failure.err) == (1, "")
    assert envelope["metrics"]["total"]["tokens_total"] == 17
    assert envelope["total_cost_usd"] == 0.000375
    assert envelope["num_nodes"] == 3


def test_a_failed_node_has_its_time(failure: Output) -> None:
    """P-C28: the time until the failure is measured."""
    assert valid(failure)["metrics"]["workflow"]["node_timings"]["check"] > 0


def test_a_failed_run_says_what_failed_and_where(failure: Output) -> None:
    envelope = valid(failure)

    assert (envelope["status"], envelope["result"]) == ("failed", None)
    assert envelope["error"] == "ValueError: no facts about glass"
    assert envelope["failed_node"] == "check"
    assert envelope["errors"] == [
        {
            "source": "node",
            "category": "execution_failure",
            "message": "ValueError: no facts about glass",
            "node_id": "check",
            "fixable": False,
            "type": "ValueError",
        }
    ]


def test_a_template_that_leads_nowhere_names_what_there_is(cli: CommandLine) -> None:
    lost = STORY.replace("{facts[0]}", "{facts[7]}")

    output = cli("run", cli.write(lost), "-i", "topic=glass", "--output-format", "json")

    (error,) = valid(output)["errors"]
    assert output.code == 1
    assert (error["category"], error["node_id"]) == ("template_error", "write")
    assert error["available_fields"] == ["draft", "facts", "story", "topic"]


def test_a_file_that_is_no_workflow_gives_an_envelope(cli: CommandLine) -> None:
    output = cli("run", cli.write(STORY.replace("set\n", "sett\n")), "--output-format", "json")

    envelope = valid(output)
    assert (output.code, output.err) == (2, "")
    assert (envelope["run_id"], envelope["num_nodes"]) == (None, 0)
    (error,) = envelope["errors"]
    assert (error["source"], error["line"], error["path"]) == ("workflow_file", 22, "nodes[2].type")


@pytest.mark.parametrize(
    "arguments",
    [["-i", "topic"], [], ["-i", "topic=x", "--level", "all"], ["-i", "topic=x", "--model", "x"]],
    ids=["a pair", "an input", "a level", "a model"],
)
def test_wrong_usage_gives_an_envelope(cli: CommandLine, arguments: list[str]) -> None:
    output = cli("run", cli.write(STORY), *arguments, "--output-format", "json")

    envelope = valid(output)
    assert (output.code, output.err) == (2, "")
    assert (envelope["is_error"], envelope["run_id"]) == (True, None)
    assert envelope["errors"][0]["fixable"] is True


def test_a_model_that_is_refused_during_the_run_is_a_failed_run(cli: CommandLine) -> None:
    output = cli(
        "run",
        cli.write(STORY),
        *("-i", "topic=glass", "--model", "local/extractiv", "--output-format", "json"),
    )

    envelope = valid(output)
    assert (output.code, envelope["errors"][0]["node_id"]) == (1, "write")
    assert "Did you mean 'extractive'?" in envelope["error"]


def test_calls_without_usage_are_left_out_of_the_sums_and_counted(cli: CommandLine) -> None:
    """P-C27: a call that reports no counts is skipped in the aggregation, and said to be."""
    envelope = call_twice(
        cli,
        Reply(text="one", usage={"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}),
        Reply(text="two", usage={}),
    )

    total = envelope["metrics"]["total"]
    assert (total["tokens_input"], total["tokens_output"]) == (10, 4)
    assert total["calls_without_usage"] == 1


def test_a_model_without_a_price_makes_the_cost_unknown(cli: CommandLine) -> None:
    envelope = call_twice(cli, Reply(text="one"), Reply(text="two"))

    total = envelope["metrics"]["total"]
    assert envelope["total_cost_usd"] is None
    assert (total["pricing_available"], total["partial_cost_usd"]) == (False, 0.0)
    assert total["unavailable_models"] == ["some-model"]


def test_cached_and_reasoning_tokens_have_their_own_figures(cli: CommandLine) -> None:
    """P-C09: the figures are the sums of both calls."""
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 30,
        "total_tokens": 130,
        "prompt_tokens_details": {"cached_tokens": 80},
        "completion_tokens_details": {"reasoning_tokens": 20},
    }

    envelope = call_twice(cli, Reply(text="answer", usage=usage))

    assert envelope["cache_performance"] == {
        "cache_creation_tokens": 0,
        "cache_read_tokens": 160,
        "cache_efficiency_pct": 80.0,
        "cache_total_tokens": 160,
    }
    assert envelope["thinking_performance"]["thinking_tokens_used"] == 40
    assert envelope["metrics"]["total"]["thinking_tokens"] == 40


def test_a_result_that_json_cannot_hold_is_written_as_the_record_keeps_it(cli: CommandLine) -> None:
    cli.write(
        """
        class Stone:
            def __repr__(self):
                return "a stone"

        def odd():
            circle = []
            circle.append(circle)
            return {"nan": float("nan"), "set": {1, 2}, "stone": Stone(), "circle": circle}
        """,
        "odd.py",
    )
    file = cli.write(
        """
        schema_version: "1.0"
        flow: {name: odd}
        state: {fields: {things: dict}}
        nodes: [{id: odd, type: python, callable: "odd:odd", outputs: [things]}]
        """
    )

    envelope = valid(cli("run", file, "--output-format", "json"))

    assert envelope["result"] == {
        "nan": "NaN",
        "set": [1, 2],
        "stone": "a stone",
        "circle": ["<circular>"],
    }
    assert cli("run", file).json == envelope["result"]
