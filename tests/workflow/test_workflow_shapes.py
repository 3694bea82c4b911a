"""The nine workflow types of Project Aether as files, run as a user runs them, to their exact trace."""

import json
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from agentglass.spans import Span, Trace, names, outline
from shell import Shell

SHAPES = Path(__file__).parent / "shapes"

NINE = [
    "discovery",
    "discovery_simple",
    "conversation",
    "automation_builder",
    "analysis",
    "optimization",
    "team_analysis",
    "dashboard",
    "review",
]

TEAM = """\
team_analysis workflow ok
  energy node ok
    chat scientist llm ok
  behavioral node ok
    chat scientist llm ok
  diagnostic node ok
    chat scientist llm ok
  synthesize node ok
    chat scientist llm ok
"""

TREES = {
    "discovery": """\
        discovery workflow ok
          initialize node ok
          fetch_entities node ok
          infer_devices node ok
          infer_areas node ok
          sync_automations node ok
          persist_entities node ok
          finalize node ok
        """,
    "discovery_simple": """\
        discovery_simple workflow ok
          discover node ok
        """,
    "analysis": """\
        analysis workflow ok
          collect_data node ok
          generate_script node ok
            chat analyst llm ok
          execute_sandbox node ok
            sandbox.execute tool ok
          extract_insights node ok
            chat analyst llm ok
        """,
    "optimization": """\
        optimization workflow ok
          collect_behavioral_data node ok
          analyze_and_suggest node ok
          architect_review node ok
            chat architect llm ok
          present_recommendations node ok
        """,
    "team_analysis": TEAM,
    "dashboard": """\
        dashboard workflow ok
          dashboard_designer agent ok
            chat designer llm ok
            find_entities tool ok
            chat designer llm ok
        """,
    "review": """\
        review workflow ok
          resolve_targets node ok
          fetch_configs node ok
            fetch_configs[0] node ok
            fetch_configs[1] node ok
          gather_context node ok
          consult_ds_team node ok
            delegation.data_science delegation ok
              selection chain ok
              energy_analyst agent ok
                chat scientist llm ok
              behavioral_analyst agent ok
                chat scientist llm ok
              synthesis chain ok
          architect_synthesize node ok
            chat scientist llm ok
          create_review_proposals node ok
        """,
    "conversation": """\
        conversation workflow interrupted
          architect_propose agent ok
            chat architect llm ok
            find_entities tool ok
            chat architect llm ok
          approval_gate node interrupted
            approval_gate interrupt ok
          resume segment interrupted
            approval_gate node ok
            process_approval node ok
            architect_propose agent ok
              chat architect llm ok
              find_entities tool ok
              chat architect llm ok
            approval_gate node interrupted
              approval_gate interrupt ok
          resume segment ok
            approval_gate node ok
            process_approval node ok
            developer_deploy node ok
        """,
    "automation_builder": """\
        automation_builder workflow interrupted
          gather_intent node ok
            chat builder llm ok
          gather_intent node ok
            chat builder llm ok
          validate_entities node ok
          gather_intent node ok
            chat builder llm ok
          validate_entities node ok
          check_duplicates node ok
          generate_yaml node ok
            chat builder llm ok
          validate_yaml node ok
          generate_yaml node ok
            chat builder llm ok
          validate_yaml node ok
          preview node interrupted
            preview interrupt ok
          resume segment ok
            preview node ok
        """,
}
"""What each type leaves behind."""

INPUTS = {"conversation": "request=Save energy.", "automation_builder": "wish=light at dusk"}
ANSWERS = {
    "conversation": [("reject", "last"), ("approve", "last")],
    "automation_builder": [("resume", "last", "--answer", "approved")],
}
"""What is called after the run has stopped for a human, in processes of their own."""


def shape(name: str) -> Path:
    return SHAPES / f"{name}.yaml"


def lines(text: str, prefix: str = "") -> list[str]:
    return [prefix + line for line in dedent(text).splitlines()]


def span_named(trace: Trace, name: str) -> Span:
    (found,) = [span for span in trace.spans if span.name == name]
    return found


def run_to_its_end(shell: Shell, name: str) -> Trace:
    inputs = ("-i", INPUTS[name]) if name in INPUTS else ()
    done = shell("run", shape(name), *inputs)
    for answer in ANSWERS.get(name, ()):
        assert done.returncode == 3, done.stderr
        done = shell(*answer)
    assert (done.returncode, done.stderr) == (0, "")
    return shell.trace()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A command line with an empty home."""
    return Shell(tmp_path, tmp_path / "home")


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Trace]:
    """The trace of each type, run to its end in a home of its own."""
    directories = {name: tmp_path_factory.mktemp(name) for name in TREES}
    return {
        name: run_to_its_end(Shell(directory, directory / "home"), name)
        for name, directory in directories.items()
    }


def test_every_type_gives_one_trace_that_is_tagged_with_it(traces: Mapping[str, Trace]) -> None:
    """A-US3, A-US3-IT, A-US3.1, A-US3.2, A-FR3, A-SC1."""
    tags = {name: trace.summary.tags["workflow"] for name, trace in traces.items()}

    assert tags == {name: name for name in NINE}
    assert {trace.summary.status for trace in traces.values()} == {"ok"}
    assert all(trace.completeness.is_complete for trace in traces.values())


@pytest.mark.parametrize("name", NINE)
def test_the_trace_of_a_type_has_a_span_for_each_node_that_ran(
    traces: Mapping[str, Trace], name: str
) -> None:
    """A-US1, A-US3, A-FR1, T3906, T3911, T3912, T3913, T3914, T3915, T3916, CP3."""
    assert outline(traces[name].spans).splitlines() == lines(TREES[name])


def test_every_node_says_how_long_it_took_what_it_got_and_gave(
    traces: Mapping[str, Trace],
) -> None:
    """A-US1-IT, A-US1.1, A-FR1."""
    nodes = [span for span in traces["optimization"].spans if span.type in ("node", "workflow")]

    assert [span.name for span in nodes] == [
        "optimization",
        "collect_behavioral_data",
        "analyze_and_suggest",
        "architect_review",
        "present_recommendations",
    ]
    assert all(span.duration_ns and span.input is not None and span.output for span in nodes)


def test_a_conversation_shows_proposal_tool_calls_gate_and_deployment_apart(
    traces: Mapping[str, Trace],
) -> None:
    """A-US1.3: after a refusal it proposes again; the part after each answer is a segment."""
    trace = traces["conversation"]

    distinct = {(span.name, span.type) for span in trace.spans}
    assert distinct >= {
        ("architect_propose", "agent"),
        ("find_entities", "tool"),
        ("approval_gate", "node"),
        ("developer_deploy", "node"),
    }
    assert span_named(trace, "developer_deploy").attributes[names.NODE_ID] == "deploy"
    assert trace.attempt == 3


def test_an_optimization_says_how_much_it_read_and_found(traces: Mapping[str, Trace]) -> None:
    """T3907, T3908: attributes that the functions set on their nodes' spans."""
    collected = span_named(traces["optimization"], "collect_behavioral_data")
    suggested = span_named(traces["optimization"], "analyze_and_suggest")

    told = {name: collected.attributes[name] for name in ("entity_count", "time_range")}
    assert told == {"entity_count": 3, "time_range": "24 h"}
    assert collected.attributes["data_size"] > 100
    assert suggested.attributes["script_lines"] == 3
    assert suggested.attributes["insight_count"] == 2


def test_an_optimization_without_a_suggestion_is_not_reviewed(shell: Shell) -> None:
    shell("run", shape("optimization"), "-i", "wants_automation=false")

    names = [span.name for span in shell.trace().spans]
    assert names == [
        "optimization",
        "collect_behavioral_data",
        "analyze_and_suggest",
        "present_recommendations",
    ]


def test_a_workflow_in_a_workflow_is_a_child_and_leaves_the_tags_alone(shell: Shell) -> None:
    """A-E2: an optimization that asks the team is one trace, tagged as what was started."""
    run = shell("run", shape("optimization_nested"))

    assert run.returncode == 0
    assert shell.tree().splitlines() == [
        "optimization workflow ok",
        "  collect_behavioral_data node ok",
        "  consult_team node ok",
        *lines(TEAM, "    "),
        "  present_recommendations node ok",
    ]
    assert shell.trace().summary.tags == {"workflow": "optimization"}


def test_an_analysis_whose_script_fails_goes_on_at_its_error_node(shell: Shell) -> None:
    run = shell("run", shape("analysis"), "-i", "question=a broken one")

    assert run.returncode == 0
    assert "ValueError: no such column" in run.stdout
    assert shell.tree().splitlines()[-3:] == [
        "  execute_sandbox node error",
        "    sandbox.execute tool error",
        "  error node ok",
    ]
    assert shell.trace().summary.status == "degraded"


def test_a_conversation_without_a_proposal_needs_no_human(shell: Shell) -> None:
    run = shell("run", shape("conversation"), "-i", "request=Thanks a lot")

    assert run.returncode == 0
    assert shell.tree().splitlines() == [
        "conversation workflow ok",
        "  architect_propose agent ok",
        "    chat architect llm ok",
    ]


def test_a_conversation_that_is_postponed_deploys_nothing(shell: Shell) -> None:
    shell("run", shape("conversation"), "-i", "request=Save energy.")

    later = shell("resume", "last", "--answer", "postponed")

    assert later.returncode == 0
    assert shell.tree().splitlines()[-3:] == [
        "  resume segment ok",
        "    approval_gate node ok",
        "    process_approval node ok",
    ]


def test_yaml_that_stays_wrong_is_shown_after_three_rounds(shell: Shell) -> None:
    """The human sees what is wrong instead of a fourth attempt."""
    stopped = shell("run", shape("automation_builder"), "-i", "wish=something impossible")
    done = shell("reject", "last")

    assert (stopped.returncode, done.returncode) == (3, 0)
    spans = [span.name for span in shell.trace().spans]
    assert spans.count("generate_yaml") == spans.count("validate_yaml") == 3
    assert json.loads(done.stdout) == {
        "draft": "alias: nothing",
        "validation_errors": ["no trigger", "no action"],
        "similar_automations": ["automation.night"],
        "decision": "rejected",
    }
