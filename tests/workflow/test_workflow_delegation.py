"""Agents hand work to agents and teams: what is asked of whom, and a span around all of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentglass.errors import NodeError
from agentglass.spans import Status, names
from agentglass.testing import Capture, capture
from agentglass.workflow import RunResult, execute, load, validate_workflow

METER = '''
def read_meter(entity: str) -> int:
    """Read how much an entity used."""
    return 48
'''

SPECIALISTS = """
agents:
  energy:
    description: Knows what everything uses.
    system: You know energy.
    tools: [meter]
    llm:
      options:
        replies: [{tool_calls: [{name: meter, arguments: {entity: hall}}]}, 48 kWh., 50 kWh.]
  behavioral:
    description: Knows who does what when.
    llm: {options: {replies: [Nobody is home., Somebody is home.]}}
  diagnostic:
    llm: {options: {replies: [All is well.]}}
"""

ARCHITECT = """
  - id: architect
    type: agent
    prompt: "{question}"
    delegates: [ds_team]
    outputs: [answer]
    llm:
      options:
        replies: [{tool_calls: [{name: consult_ds_team, arguments: %s}]}, Do it.]
"""

DELEGATE = """
  - id: ask
    type: delegate
    to: %s
    query: "{question}"
    outputs: [%s]
"""


class House:
    """Writes workflows with three specialists and a team of them, and runs them."""

    def __init__(self, write: Callable[..., Path]) -> None:
        self._write = write
        write(METER, "meter.py")

    def file(self, node: str, team: str = "", agents: str = SPECIALISTS) -> Path:
        """Write a workflow; `team` is what the team has besides its agents."""
        return self._write(
            'schema_version: "1.0"\nflow: {name: house}\n'
            "state:\n  fields:\n    question: {type: str, default: Why is the energy high?}\n"
            "    wanted: list[str]\n    answer: str\n    findings: object\n"
            "    specialists: list[str]\n"
            "tools: {meter: meter:read_meter}\n"
            f"{agents}\nteams:\n  ds_team:\n    description: The data scientists.\n"
            f"    agents: [energy, behavioral, diagnostic]\n{team}\n"
            f"nodes:{node}\nconfig: {{llm: {{provider: fake, model: m}}}}\n"
        )

    def run(self, *texts: str, **inputs: Any) -> tuple[RunResult, Capture]:
        """Run a workflow that `file` writes."""
        with capture() as recorded:
            return execute(load(self.file(*texts)), inputs), recorded


@pytest.fixture
def house(write: Callable[..., Path]) -> House:
    """A house with specialists."""
    return House(write)


def architect(**arguments: Any) -> str:
    return ARCHITECT % json.dumps({"query": "Why is the energy high?", **arguments})


def asked(recorded: Capture, agent: str, number: int = 0) -> str:
    """Return the question with which an agent began to work."""
    found = [span for span in recorded.spans if span.type == "agent" and span.name == agent]
    return str(found[number].input)


def tree(recorded: Capture) -> list[str]:
    return recorded.outline().splitlines()


@pytest.mark.parametrize("team", ["ds_team", "data_science_team"])
def test_a_delegation_contains_the_selection_and_the_work_of_the_specialists(
    house: House, team: str
) -> None:
    """A-US4, A-US4-IT, A-US4.1, A-US4.2, A-FR4, T3917, T3918: under the team's own name."""
    path = house.file(architect())
    path.write_text(path.read_text().replace("ds_team", team))

    with capture() as recorded:
        result = execute(load(path))

    assert result.result == "Do it."
    assert tree(recorded) == [
        "house workflow ok",
        "  architect agent ok",
        "    chat m llm ok",
        f"    consult_{team} tool ok",
        f"      delegation.{team} delegation ok",
        "        selection chain ok",
        "        energy agent ok",
        "          chat m llm ok",
        "          meter tool ok",
        "          chat m llm ok",
        "        behavioral agent ok",
        "          chat m llm ok",
        "        diagnostic agent ok",
        "          chat m llm ok",
        "        synthesis chain ok",
        "    chat m llm ok",
    ]


def test_a_delegation_says_who_asks_whom_for_what(house: House) -> None:
    """A-FR4, A-SC4: the boundary names both sides and shows the beginning of the question."""
    _, recorded = house.run(architect(query="x" * 600))

    attributes = recorded.span("delegation.ds_team").attributes
    assert attributes[names.DELEGATION_FROM] == "architect"
    assert attributes[names.DELEGATION_TO] == "ds_team"
    assert attributes[names.DELEGATION_PREVIEW] == "x" * 500


def test_the_model_is_offered_its_delegates_as_tools(house: House) -> None:
    _, recorded = house.run(architect())

    first = next(span for span in recorded.spans if span.name == "chat m")
    (tool,) = first.attributes[names.TOOL_DEFINITIONS]
    assert tool["name"] == "consult_ds_team"
    assert tool["description"] == "The data scientists."
    members = ["energy", "behavioral", "diagnostic"]
    assert json.dumps(members) in json.dumps(tool["parameters"])
    assert tool["parameters"]["required"] == ["query"]


def test_one_agent_can_be_consulted_without_a_team(house: House) -> None:
    """A-US4, T3918: as the architect consults a dashboard designer."""
    node = architect().replace("ds_team", "behavioral")

    result, recorded = house.run(node)

    assert result.result == "Do it."
    assert tree(recorded)[3:7] == [
        "    consult_behavioral tool ok",
        "      delegation.behavioral delegation ok",
        "        behavioral agent ok",
        "          chat m llm ok",
    ]
    assert recorded.span("consult_behavioral").output == "Nobody is home."


@pytest.mark.parametrize(
    ("question", "named", "chosen", "reason"),
    [
        ("How much ENERGY?", None, ["energy"], "triggers"),
        ("Energy, and who is home?", None, ["energy", "behavioral"], "triggers"),
        ("Is synergy good?", None, ["energy", "behavioral", "diagnostic"], "all"),
        ("How much energy?", ["diagnostic", "behavioral"], ["behavioral", "diagnostic"], "named"),
        ("How much energy?", [], ["energy"], "triggers"),
    ],
    ids=["a trigger", "two", "none is met", "named ones win", "an empty list names nobody"],
)
def test_who_works_is_named_or_triggered_or_all(
    house: House, question: str, named: list[str] | None, chosen: list[str], reason: str
) -> None:
    """A-US4.2: the selection is a span that says who was chosen, and why."""
    node = architect(query=question, **({} if named is None else {"specialists": named}))

    _, recorded = house.run(node, "    triggers: {energy: [energy, kwh], behavioral: [home]}")

    selection = recorded.span("selection").output
    assert (selection["specialists"], selection["reason"]) == (chosen, reason)
    worked = [span.name for span in recorded.spans if span.type == "agent"]
    assert worked == ["architect", *chosen]


def test_a_team_at_work_in_parallel_knows_only_the_question(house: House) -> None:
    _, recorded = house.run(DELEGATE % ("ds_team", "answer"))

    for agent in ("energy", "behavioral", "diagnostic"):
        assert asked(recorded, agent) == "Why is the energy high?"
    first = next(span for span in recorded.spans if span.name == "chat m")
    assert first.input["messages"][0] == {"role": "system", "content": "You know energy."}


def test_a_team_that_works_together_tells_each_what_was_found_before(house: House) -> None:
    _, recorded = house.run(DELEGATE % ("ds_team", "answer"), "    strategy: teamwork")

    assert asked(recorded, "energy") == "Why is the energy high?"
    assert asked(recorded, "behavioral") == (
        "Why is the energy high?\n\nFound so far:\n## energy\n48 kWh."
    )
    assert asked(recorded, "diagnostic") == (
        "Why is the energy high?\n\nFound so far:\n## energy\n48 kWh.\n\n"
        "## behavioral\nNobody is home."
    )


def test_in_a_discussion_everybody_sees_all_findings_and_may_change_their_own(
    house: House,
) -> None:
    node = (DELEGATE % ("ds_team", "answer, findings")) + "    specialists: [energy, behavioral]\n"

    result, recorded = house.run(node, "    discussion_rounds: 1")

    assert result.state["findings"] == {"energy": "50 kWh.", "behavioral": "Somebody is home."}
    assert asked(recorded, "energy", 1) == (
        "Why is the energy high?\n\nFound so far:\n## energy\n48 kWh.\n\n## behavioral\n"
        "Nobody is home.\n\nThese are all findings, yours included. Correct or confirm your own."
    )
    lines = tree(recorded)
    assert lines[lines.index("      discussion chain ok") :] == [
        "      discussion chain ok",
        "        energy agent ok",
        "          chat m llm ok",
        "        behavioral agent ok",
        "          chat m llm ok",
        "      synthesis chain ok",
    ]


def test_without_a_model_the_findings_are_put_together_as_they_are(house: House) -> None:
    result, recorded = house.run(DELEGATE % ("ds_team", "answer, findings, specialists"))

    text = "## energy\n48 kWh.\n\n## behavioral\nNobody is home.\n\n## diagnostic\nAll is well."
    assert result.state["answer"] == recorded.span("synthesis").output == text
    assert result.state["specialists"] == ["energy", "behavioral", "diagnostic"]


def test_a_model_makes_one_answer_of_the_findings(house: House) -> None:
    synthesis = "    synthesis: {prompt: Be short., llm: {options: {replies: [The hall is on.]}}}"

    result, recorded = house.run(DELEGATE % ("ds_team", "answer"), synthesis)

    assert result.result == "The hall is on."
    assert tree(recorded)[-2:] == ["      synthesis chain ok", "        chat m llm ok"]
    told = recorded.spans[-1].input["messages"][0]["content"]
    assert told.startswith("Be short.\n\nThe question: Why is the energy high?\n\n## energy\n48")


def test_a_single_specialist_needs_no_synthesis(house: House) -> None:
    node = (DELEGATE % ("ds_team", "answer")) + "    specialists: [diagnostic]\n"

    result, recorded = house.run(node)

    assert result.result == "All is well."
    assert tree(recorded) == [
        "house workflow ok",
        "  ask node ok",
        "    delegation.ds_team delegation ok",
        "      selection chain ok",
        "      diagnostic agent ok",
        "        chat m llm ok",
    ]


def test_a_delegate_node_can_take_its_specialists_from_the_state(house: House) -> None:
    node = (DELEGATE % ("ds_team", "specialists")) + '    specialists: "{wanted}"\n'

    result, _ = house.run(node, "", SPECIALISTS, wanted=["energy"])

    assert result.state["specialists"] == ["energy"]


def test_specialists_that_are_no_list_fail_the_node(house: House) -> None:
    node = (DELEGATE % ("ds_team", "answer")) + '    specialists: "{question}"\n'

    result, _ = house.run(node)

    assert isinstance(result.error, NodeError)
    assert "`specialists` is 'Why is the energy high?'. Expected: a list of names." in str(
        result.error
    )


def test_a_stranger_in_a_node_fails_the_selection(house: House) -> None:
    node = (DELEGATE % ("ds_team", "answer")) + '    specialists: "{wanted}"\n'

    result, recorded = house.run(node, "", SPECIALISTS, wanted=["enrgy"])

    assert str(result.error) == (
        "Node 'ds_team': 'enrgy' is not of the team. Did you mean 'energy'? "
        "Agents: energy, behavioral, diagnostic."
    )
    assert recorded.span("selection").status is Status.ERROR


def test_a_stranger_that_a_model_asks_for_is_told_to_it(house: House) -> None:
    result, recorded = house.run(architect(specialists=["plumber"]))

    assert result.result == "Do it."
    failed = recorded.span("consult_ds_team")
    assert failed.status is Status.ERROR
    assert failed.error is not None
    assert "energy" in failed.error.message
    assert not any(span.type == "delegation" for span in recorded.spans)


def consult(other: str) -> str:
    """Return an agent that asks another one whatever it is told."""
    call = f"{{tool_calls: [{{name: consult_{other}, arguments: {{query: And you?}}}}]}}"
    return f"{{delegates: [{other}], max_steps: 4, llm: {{options: {{replies: [{call}]}}}}}}"


def test_agents_that_consult_each_other_for_ever_come_to_an_end(house: House) -> None:
    """Each of them asks four times, six deep: thousands of questions, were they not counted."""
    agents = f"{SPECIALISTS}  left: {consult('right')}\n  right: {consult('left')}\n"

    result, recorded = house.run(DELEGATE % ("left", "answer"), "", agents)

    assert "has used its 4 steps without an answer" in str(result.error)
    assert [span.type for span in recorded.spans].count("delegation") == 100
    refused = {
        span.error.message
        for span in recorded.spans
        if span.name.startswith("consult_") and span.error
    }
    assert any("agents consult each other more than 6 deep" in text for text in refused)
    assert any("agents have consulted each other 100 times" in text for text in refused)


def test_a_specialist_that_fails_fails_the_team_and_the_others_are_stopped(house: House) -> None:
    agents = SPECIALISTS.replace("All is well.", "{error: overloaded}").replace(
        "Nobody is home.", "{text: late, latency_ms: 30000}"
    )

    result, recorded = house.run(DELEGATE % ("ds_team", "answer"), "", agents)

    assert "overloaded" in str(result.error)
    assert recorded.span("delegation.ds_team").status is Status.ERROR
    assert recorded.span("diagnostic").status is Status.ERROR
    assert recorded.span("behavioral").status is Status.CANCELLED


def test_the_calls_of_specialists_count_for_the_node_that_asked(house: House) -> None:
    workflow = load(house.file(architect()))

    for level in ("off", "metrics"):
        with capture():
            (step,) = execute(workflow, level=level).steps

        assert len(step.calls) == 6


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (DELEGATE % ("ds_tem", "answer"), "There is no agent or team 'ds_tem'. Did you mean"),
        (
            (DELEGATE % ("energy", "answer")) + "    specialists: [energy]\n",
            "'energy' is one agent; `specialists` are chosen from a team.",
        ),
        (
            DELEGATE % ("energy", "answer, question"),
            "A delegation gives answer, findings, specialists; there is no 'question'.",
        ),
        (
            DELEGATE % ("energy", "wanted"),
            "What is written is str, and the state field 'wanted' is list[str].",
        ),
    ],
)
def test_a_delegation_that_cannot_work_is_found_before_the_run(
    house: House, node: str, message: str
) -> None:
    assert any(message in str(problem) for problem in validate_workflow(house.file(node)))


def test_a_team_of_strangers_is_found_before_the_run(house: House) -> None:
    path = house.file(DELEGATE % ("ds_team", "answer"), "    triggers: {plumber: [water]}")
    path.write_text(path.read_text().replace("behavioral, diagnostic]", "behavoral, diagnostic]"))

    problems = " ".join(str(problem) for problem in validate_workflow(path))

    assert "behavoral" in problems
    assert "plumber" in problems
