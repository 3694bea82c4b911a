"""Delegation: the span that contains the selection of specialists, their work, and its synthesis."""

import pytest
import yaml
from flow_maker import make, run

from agentglass.spans import Status
from agentglass.workflow import validate_workflow

LIB = """\
def read_meter(room: str = "all") -> int:
    '''Read the meter.'''
    return 42
"""

SPECIALISTS = ("energy", "behavior", "diagnostic")


def fake(*replies):
    return {"provider": "fake", "model": "m", "options": {"replies": list(replies)}}


def agents():
    described = {
        name: {
            "description": f"Knows {name}.",
            "system": f"You know {name}.",
            "llm": fake(f"{name} is fine"),
        }
        for name in SPECIALISTS
    }
    described["energy"] |= {
        "tools": ["meter"],
        "llm": fake(
            {"tool_calls": [{"name": "meter", "arguments": {"room": "hall"}}]}, "the hall used 42"
        ),
    }
    return described


def team(**changes):
    return {
        "description": "Analyses the house.",
        "agents": list(SPECIALISTS),
        "triggers": {"energy": ["energy", "consum"], "diagnostic": ["fault", "broken"]},
        **changes,
    }


ASKS = fake(
    {
        "tool_calls": [
            {"name": "consult_ds_team", "arguments": {"query": "Why is the energy fault there?"}}
        ]
    },
    "The hall did it.",
)


@pytest.fixture
def house(write, monkeypatch):
    """Make a workflow whose node hands a question to the team."""
    lib = write(LIB, "houselib.py")
    monkeypatch.syspath_prepend(lib.parent)

    def make_config(node=None, **changes):
        architect = {
            "id": "architect",
            "type": "agent",
            "prompt": "Look at the house.",
            "delegates": ["ds_team"],
            "outputs": ["answer"],
            "llm": ASKS,
        }
        fields = {"answer": "str", "findings": "dict", "specialists": "list", "query": "str"}
        return make([node or architect], [], fields) | {
            "outputs": ["answer"],
            "tools": {"meter": "houselib:read_meter"},
            "agents": agents(),
            "teams": {"ds_team": team(**changes)},
        }

    return make_config


def hand_over(query, **keys):
    return {
        "id": "ask",
        "type": "delegate",
        "to": "ds_team",
        "query": query,
        "outputs": ["answer", "findings", "specialists"],
        **keys,
    }


def asked_of(recorded, name):
    """Return the last message that an agent's model got."""
    agent = recorded.span(name)
    calls = [
        span for span in recorded.spans if span.parent_id == agent.span_id and span.type == "llm"
    ]
    return calls[0].input["messages"][-1]["content"]


def test_a_delegation_contains_all_that_comes_of_it(house):
    """A-US4, A-US4-IT, A-US4.1, A-US4.2, A-FR4, A-SC4, T3917, T3918: the architect, its tool, the
    delegation, the selection, and each specialist with its model calls and tools.
    """
    result, recorded = run(house())

    assert result.result == "The hall did it."
    assert recorded.outline().splitlines() == [
        "flow workflow ok",
        "  architect agent ok",
        "    chat m llm ok",
        "    consult_ds_team tool ok",
        "      delegation.ds_team delegation ok",
        "        selection chain ok",
        "        energy agent ok",
        "          chat m llm ok",
        "          meter tool ok",
        "          chat m llm ok",
        "        diagnostic agent ok",
        "          chat m llm ok",
        "        synthesis chain ok",
        "    chat m llm ok",
    ]
    delegation = recorded.span("delegation.ds_team")
    assert delegation.attributes["from_agent"] == "architect"
    assert delegation.attributes["to_agent"] == "ds_team"
    assert delegation.attributes["content_preview"] == "Why is the energy fault there?"
    assert recorded.span("selection").output == {
        "specialists": ["energy", "diagnostic"],
        "reason": "triggers",
        "triggers": {"energy": ["energy"], "diagnostic": ["fault"]},
    }


def test_a_long_question_is_previewed(house):
    _, recorded = run(house(hand_over("word " * 400)))

    preview = recorded.span("delegation.ds_team").attributes["content_preview"]
    assert len(preview) == 500


@pytest.mark.parametrize(
    ("query", "specialists", "chosen", "reason"),
    [
        ("What CONSUMES so much?", None, ["energy"], "triggers"),
        ("What is the synergy?", None, list(SPECIALISTS), "all"),
        ("energy", ["diagnostic", "behavior"], ["behavior", "diagnostic"], "named"),
        ("energy", [], ["energy"], "triggers"),
    ],
)
def test_who_works_is_named_triggered_or_all(house, query, specialists, chosen, reason):
    keys = {} if specialists is None else {"specialists": specialists}

    result, recorded = run(house(hand_over(query, **keys)))

    assert result.state["specialists"] == chosen
    assert recorded.span("selection").output["reason"] == reason
    assert list(result.state["findings"]) == chosen


def test_a_stranger_is_refused_in_the_selection(house):
    result, recorded = run(house(hand_over("q", specialists=["energi"])))

    assert "'energi' is not of the team. Did you mean 'energy'?" in str(result.error)
    assert recorded.span("selection").status is Status.ERROR


def test_in_teamwork_each_knows_what_was_found_before(house):
    _, recorded = run(house(hand_over("Look."), **{"strategy": "teamwork"}))

    assert asked_of(recorded, "energy") == "Look."
    assert "the hall used 42" in asked_of(recorded, "behavior")
    told = asked_of(recorded, "diagnostic")
    assert told.startswith("Look.\n\nFound so far:\n## energy\nthe hall used 42")
    assert "## behavior\nbehavior is fine" in told


def test_in_parallel_nobody_waits_for_the_others(house):
    _, recorded = run(house(hand_over("Look.")))

    assert {asked_of(recorded, name) for name in SPECIALISTS} == {"Look."}


def test_a_discussion_shows_all_findings_to_all(house):
    result, recorded = run(house(hand_over("Look."), discussion_rounds=1))

    discussion = recorded.span("discussion")
    below = [span.name for span in recorded.spans if span.parent_id == discussion.span_id]
    assert sorted(below) == sorted(SPECIALISTS)
    assert result.status is Status.OK


def test_findings_are_put_together_under_their_names(house):
    result, _ = run(house(hand_over("Look.", specialists=["behavior", "diagnostic"])))

    assert result.result == ("## behavior\nbehavior is fine\n\n## diagnostic\ndiagnostic is fine")


def test_a_model_can_make_one_answer_of_them(house):
    synthesis = {"prompt": "Make one answer.", "llm": fake("All is well.")}

    result, recorded = run(
        house(hand_over("Look.", specialists=["behavior", "diagnostic"]), synthesis=synthesis)
    )

    assert result.result == "All is well."
    (call,) = [
        span for span in recorded.spans if span.parent_id == recorded.span("synthesis").span_id
    ]
    asked = call.input["messages"][-1]["content"]
    assert asked.startswith("Make one answer.\n\nThe question: Look.\n\n## behavior")


def test_one_specialist_needs_no_synthesis(house):
    result, recorded = run(house(hand_over("Look.", specialists=["behavior"])))

    assert result.result == "behavior is fine"
    assert "synthesis" not in {span.name for span in recorded.spans}


def test_an_agent_can_be_asked_alone(house):
    result, recorded = run(house(hand_over("Look.", to="energy", outputs=["answer"])))

    assert result.result == "the hall used 42"
    assert recorded.outline().splitlines()[2:4] == [
        "    delegation.energy delegation ok",
        "      energy agent ok",
    ]


def test_a_specialist_that_fails_fails_the_delegation_and_is_told_to_the_model(house):
    config = house(triggers={})
    config["agents"]["behavior"]["llm"] = fake({"error": "overloaded"})

    result, recorded = run(config)

    assert result.result == "The hall did it."
    assert recorded.span("delegation.ds_team").status is Status.ERROR
    assert recorded.span("consult_ds_team").status is Status.ERROR
    told = [span for span in recorded.spans if span.type == "llm"][-1].input["messages"][-1]
    assert "overloaded" in told["content"]


def test_agents_that_consult_each_other_for_ever_are_stopped(house):
    config = house(hand_over("Look.", to="one", outputs=["answer"]))
    for name, other in (("one", "two"), ("two", "one")):
        config["agents"][name] = {
            "delegates": [other],
            "max_steps": 1,
            "llm": fake(
                {"tool_calls": [{"name": f"consult_{other}", "arguments": {"query": "You?"}}]}
            ),
        }

    result, recorded = run(config)

    assert result.status is Status.ERROR
    assert len([span for span in recorded.spans if span.type == "delegation"]) == 6
    assert any(
        "more than 6 deep" in (span.error.message if span.error else "") for span in recorded.spans
    )


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            ("nodes", 0, "delegates"),
            ["ds_taem"],
            "There is no agent or team 'ds_taem'. Did you mean 'ds_team'?",
        ),
        (("nodes", 0, "tools"), ["metre"], "There is no tool 'metre'. Did you mean 'meter'?"),
        (("nodes", 0, "stop"), {"tools": ["meter"]}, "The agent has no tool 'meter' to stop after"),
        (("nodes", 0, "stop"), {"condition": "round >"}, "cannot be read"),
        (("teams", "ds_team", "agents"), ["energy", "enrgy"], "There is no agent 'enrgy'"),
        (("teams", "ds_team", "agents"), ["energy", "energy"], "is here twice"),
        (("teams", "ds_team", "triggers"), {"x": ["y"]}, "'x' is not of the team"),
        (
            ("agents", "energy", "llm"),
            {"provider": "fakee", "model": "m"},
            "Unknown provider 'fakee'",
        ),
        (("agents", "energy", "sytem"), "x", "Unknown key 'sytem' in agents.energy"),
        (("tools", "meter"), "houselib:nothing", "has no 'nothing'"),
        (("tools", "meter"), {"callable": "houselib:read_meter", "timeout": 0}, "greater than 0"),
    ],
)
def test_mistakes_in_agents_and_teams_are_named(house, write, path, value, message):
    config = house()
    *above, last = path
    place = config
    for key in above:
        place = place[key]
    place[last] = value
    file = write(yaml.safe_dump(config, sort_keys=False))

    problems = [str(problem) for problem in validate_workflow(file)]

    assert any(message in problem for problem in problems), problems
    assert all(problem.startswith(f"{file}:") for problem in problems)
