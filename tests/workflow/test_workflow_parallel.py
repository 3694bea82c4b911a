"""Branches that run at once: they meet once, whatever ways they take."""

from itertools import pairwise

import pytest
import yaml
from flow_maker import edge, make, run

from agentglass.spans import Status
from agentglass.workflow import execute, load_config, validate_workflow


def note(name, **more):
    return {"id": name, "type": "set", "values": {"log": [name]}, **more}


def chain(*names):
    return [edge(a, b) for a, b in pairwise(names)]


def fork(source, *firsts):
    return {"from": source, "parallel": list(firsts)}


def test_branches_of_different_length_meet_once():
    config = make(
        ["s", "a", "b1", "b2", "b3", "j"],
        [
            *chain("START", "s"),
            fork("s", "a", "b1"),
            *chain("b1", "b2", "b3", "j", "END"),
            edge("a", "j"),
        ],
    )

    result, recorded = run(config)

    assert result.result == ["s", "a", "b1", "b2", "b3", "j"]
    assert [span.name for span in recorded.spans].count("j") == 1


def test_a_run_may_begin_and_end_in_branches():
    config = make(
        ["a", "b", "c"],
        [fork("START", "a", "b"), edge("a", "END"), *chain("b", "c", "END")],
    )

    assert run(config)[0].result == ["a", "b", "c"]


def test_what_branches_write_is_joined_in_the_order_of_the_file():
    names = ["zebra", "apple", "mango"]
    config = make(
        ["s", *names, "j"],
        [
            edge("START", "s"),
            fork("s", *names),
            *(edge(name, "j") for name in names),
            edge("j", "END"),
        ],
    )

    assert run(config)[0].result == ["s", *names, "j"]


def test_reducers_join_what_branches_write():
    values = {"log": [], "total": 1, "best": 1, "facts": {"a": 1}}
    config = make(
        ["s", {"id": "a", "type": "set", "values": values},
         {"id": "b", "type": "set", "values": {"total": 2, "best": 5, "facts": {"b": 2}}}, "j"],
        [edge("START", "s"), fork("s", "a", "b"), edge("a", "j"), edge("b", "j"), edge("j", "END")],
        {
            "total": {"type": "int", "reducer": "sum", "default": 0},
            "best": {"type": "int", "reducer": "max", "default": 3},
            "facts": {"type": "dict", "reducer": "merge", "default": {"z": 0}},
        },
    )  # fmt: skip

    state = run(config)[0].state

    assert (state["total"], state["best"]) == (3, 5)
    assert state["facts"] == {"z": 0, "a": 1, "b": 2}


def test_forks_within_forks_meet_where_they_should():
    """The inner branches and the outer one all lead to `j`; it runs once."""
    config = make(
        ["s", "a", "a1", "a2", "b", "j"],
        [
            edge("START", "s"), fork("s", "a", "b"), fork("a", "a1", "a2"),
            edge("a1", "j"), edge("a2", "j"), edge("b", "j"), edge("j", "END"),
        ],
    )  # fmt: skip

    result, _ = run(config)

    assert sorted(result.result) == ["a", "a1", "a2", "b", "j", "s"]
    assert result.result[-1] == "j"


def test_forks_within_forks_may_meet_before():
    config = make(
        ["s", "a", "a1", "a2", "m", "b", "j"],
        [
            edge("START", "s"), fork("s", "a", "b"), fork("a", "a1", "a2"), edge("a1", "m"),
            edge("a2", "m"), edge("m", "j"), edge("b", "j"), edge("j", "END"),
        ],
    )  # fmt: skip

    result, _ = run(config)

    assert result.result.count("j") == result.result.count("m") == 1
    assert result.result[-2:] == ["m", "j"]


@pytest.mark.parametrize("score", [0, 9])
def test_a_branch_may_choose_its_way(score):
    config = make(
        ["s", "a", "low", "high", "b", "j"],
        [
            edge("START", "s"), fork("s", "a", "b"),
            {"from": "a", "routes": [{"condition": "score > 3", "to": "high"}], "default": "low"},
            edge("low", "j"), edge("high", "j"), edge("b", "j"), edge("j", "END"),
        ],
        {"score": "int"},
    )  # fmt: skip

    result, _ = run(config, {"score": score})

    assert sorted(result.result) == sorted(["s", "a", "b", "high" if score else "low", "j"])
    assert result.result[-1] == "j"


@pytest.mark.parametrize("score", [0, 9])
def test_a_branch_may_go_straight_to_the_meeting(score):
    config = make(
        ["s", "a", "long", "b", "j"],
        [
            edge("START", "s"), fork("s", "a", "b"),
            {"from": "a", "routes": [{"condition": "score > 3", "to": "j"}], "default": "long"},
            edge("long", "j"), edge("b", "j"), edge("j", "END"),
        ],
        {"score": "int"},
    )  # fmt: skip

    result, _ = run(config, {"score": score})

    assert result.result.count("j") == 1
    assert ("long" in result.result) is not bool(score)


def test_a_branch_may_loop_and_a_loop_may_fork():
    config = make(
        ["s", "a", "b", "j", "end"],
        [
            edge("START", "s"), fork("s", "a", "b"),
            {"from": "a", "loop": {"max_iterations": 3, "exit_to": "j"}},
            edge("b", "j"),
            {"from": "j", "loop": {"to": "s", "max_iterations": 2, "exit_to": "end"}},
            edge("end", "END"),
        ],
    )  # fmt: skip

    result, _ = run(config)

    assert result.result == ["s", "a", "b", "a", "a", "j"] * 2 + ["end"]


def test_a_branch_that_fails_stops_the_others_and_keeps_what_they_did():
    bad = {"id": "bad", "type": "python", "callable": "json:loads", "inputs": {"s": "{"}}
    slow = {"id": "slow", "type": "wait", "seconds": 60}
    config = make(
        ["s", "a", "a2", bad, slow, "j"],
        [
            edge("START", "s"), fork("s", "a", "slow"), *chain("a", "a2", "bad", "j", "END"),
            edge("slow", "j"),
        ],
    )  # fmt: skip

    # `slow` begins at once, so that the branch of `a` waits for it at each step.
    result = execute(load_config(config | {"config": {"execution": {"timeout": 0.5}}}))

    assert isinstance(result.error, TimeoutError)
    assert "'slow'" in str(result.error)
    assert result.state["log"] == ["s", "a"]


REFUSED = {
    "a field that two branches write": (
        [edge("START", "s"), fork("s", "a", "b"), edge("a", "j"), edge("b", "j"), edge("j", "END")],
        "'a' and 'b' run at once and both write 'x'. Give the field a reducer",
    ),
    "branches that cross": (
        [
            edge("START", "s"), fork("s", "a", "b"),
            {"from": "a", "routes": [{"condition": "x > 1", "to": "j"}], "default": "END"},
            edge("b", "j"), edge("j", "END"),
        ],
        "both lead to 'j', but not on every way",
    ),
    "a branch that leads back": (
        [
            edge("START", "s"), fork("s", "a", "b"),
            {"from": "a", "routes": [{"condition": "x > 1", "to": "s"}], "default": "j"},
            edge("b", "j"), edge("j", "END"),
        ],
        "The branch 'a' leads back to 's'",
    ),
    "a branch that is the meeting": (
        [edge("START", "s"), fork("s", "a", "j"), edge("a", "b"), edge("b", "j"), edge("j", "END")],
        "'j' is where the other branches lead to",
    ),
    "one branch": (
        [edge("START", "s"), fork("s", "a"), *chain("a", "b", "j", "END")],
        "at least two different nodes in 'parallel'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_branches_that_could_not_meet_once_are_refused(write, name):
    edges, message = REFUSED[name]
    nodes = [note("s"), {"id": "a", "type": "set", "values": {"x": 1}},
             {"id": "b", "type": "set", "values": {"x": 2}}, note("j")]  # fmt: skip
    path = write(yaml.safe_dump(make(nodes, edges, {"x": "int"}), sort_keys=False))

    problems = [str(problem) for problem in validate_workflow(path)]

    assert any(message in problem for problem in problems), problems


def test_an_edge_can_run_a_node_for_each_item():
    config = make(
        [
            "s",
            {
                "id": "shorten",
                "type": "python",
                "callable": "textwrap:shorten",
                "inputs": {"text": "{item}", "width": 5},
                "outputs": ["short"],
            },
            "j",
        ],
        [
            edge("START", "s"),
            {
                "from": "s",
                "parallel": {
                    "items_field": "words",
                    "target_node": "shorten",
                    "collect_field": "short",
                },
            },
            *chain("shorten", "j", "END"),
        ],
        {"words": "list[str]", "short": "list[str]"},
    )

    result, recorded = run(config, {"words": ["sand", "sand and dust", "dust"]})

    assert result.state["short"] == ["sand", "[...]", "dust"]
    assert result.result == ["s", "j"]
    assert [span.name for span in recorded.spans if span.name.startswith("shorten[")] == [
        "shorten[0]",
        "shorten[1]",
        "shorten[2]",
    ]


def items_edge(target, node):
    config = make(
        ["s", {"type": "python", "callable": "json:loads", "inputs": {"s": "{item}"}, **node}],
        [
            edge("START", "s"),
            {
                "from": "s",
                "parallel": {
                    "items_field": "texts",
                    "target_node": target,
                    "collect_field": "values",
                },
            },
            edge("read", "END"),
        ],
        {"texts": "list[str]", "values": "list", "count": {"type": "int", "default": 0}},
    )
    return config | {"outputs": ["values"]}


@pytest.mark.parametrize(
    ("rule", "texts", "status", "values"),
    [
        ({"when": "count > 0"}, ["1"], Status.OK, None),
        ({"on_error": "continue"}, ["1", "{"], Status.DEGRADED, [1, None]),
        ({"on_error": "END"}, ["1", "{"], Status.DEGRADED, None),
        ({"attributes": {"first": "{values[0]}"}}, ["1"], Status.OK, [1]),
    ],
)
def test_the_rules_of_a_node_that_an_edge_runs_for_each_item_hold(rule, texts, status, values):
    result, recorded = run(items_edge("read", {"id": "read", **rule}), {"texts": texts})

    assert (result.status, result.result) == (status, values)
    if "attributes" in rule:
        assert recorded.span("read").attributes["first"] == 1


def test_an_edge_cannot_run_the_end_for_each_item(write):
    config = items_edge("END", {"id": "read", "inputs": {"s": "1"}})

    problems = validate_workflow(write(yaml.safe_dump(config, sort_keys=False)))

    assert [problem.message for problem in problems] == [
        "END cannot be run for each item; name a node."
    ]


def test_a_node_is_run_for_the_items_of_one_list_only(write):
    config = items_edge("read", {"id": "read"})
    config["edges"][2] = {"from": "read", **{"parallel": config["edges"][1]["parallel"]}}

    problems = validate_workflow(write(yaml.safe_dump(config, sort_keys=False)))

    assert [problem.message for problem in problems] == [
        "Another edge runs 'read' for each item of a list already. "
        "Write the node twice, or a 'map' node."
    ]
