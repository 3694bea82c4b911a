"""Routes, loops, `when` and `on_error`: what comes next, and what the trace says of it."""

import pytest
import yaml
from flow_maker import edge, events, make, run

from agentglass.spans import Status
from agentglass.workflow import validate_workflow

SCORED = make(
    ["first", "low", "high", "other"],
    [
        edge("START", "first"),
        {
            "from": "first",
            "routes": [
                {"condition": "score > 10", "to": "high"},
                {"condition": {"logic": "{state.score} > 3"}, "to": "low"},
            ],
            "default": "other",
        },
        *(edge(name, "END") for name in ("low", "high", "other")),
    ],
    {"score": {"type": "int", "default": 0}},
)


@pytest.mark.parametrize(("score", "taken"), [(11, "high"), (4, "low"), (0, "other")])
def test_the_first_route_that_fits_is_taken(score, taken):
    result, recorded = run(SCORED, {"score": score})

    assert result.result == ["first", taken]
    assert [span.name for span in recorded.spans if span.type == "node"] == ["first", taken]
    (decision,) = events(recorded, "route")
    assert (decision["from"], decision["to"]) == ("first", taken)


def test_a_run_may_begin_with_a_choice():
    config = make(
        ["a", "b"],
        [
            {"from": "START", "routes": [{"condition": "score > 3", "to": "a"}], "default": "b"},
            edge("a", "END"),
            edge("b", "END"),
        ],
        {"score": {"type": "int", "default": 0}},
    )

    assert run(config, {"score": 9})[0].result == ["a"]
    assert run(config)[0].result == ["b"]


def test_where_no_route_fits_the_run_fails_and_says_what_was_asked():
    config = make(
        ["a", "b"],
        [
            edge("START", "a"),
            {"from": "a", "routes": [{"condition": "score > 3", "to": "b"}]},
            edge("b", "END"),
        ],
        {"score": {"type": "int", "default": 0}},
    )

    result, _ = run(config)

    assert (result.status, result.failed_node) == (Status.ERROR, "a")
    assert str(result.error) == (
        "Node 'a': no route that leaves it fits: 'score > 3'. Add a `default` to the edge."
    )
    assert result.state["log"] == ["a"]


def test_a_condition_on_nothing_is_an_error_with_both_texts():
    config = make(
        ["a", "b"],
        [
            edge("START", "a"),
            {"from": "a", "routes": [{"condition": "score > 3", "to": "b"}], "default": "END"},
            edge("b", "END"),
        ],
        {"score": "int"},
    )

    result, _ = run(config)

    assert "The condition 'score > 3' cannot be evaluated" in str(result.error)
    assert "NoneType" in str(result.error)


def test_a_condition_can_ask_before_it_looks():
    config = make(
        [
            "a",
            {
                "id": "b",
                "type": "set",
                "values": {"log": ["b"]},
                "when": "p is not None and p.x > 1",
            },
        ],
        [],
        {"p": "object"},
    )

    assert run(config)[0].result == ["a"]
    assert run(config, {"p": {"x": 2}})[0].result == ["a", "b"]


def counting(loop, nodes=("step",), more_edges=(), fields=None):
    return make(
        [*nodes, "after"],
        [
            edge("START", nodes[0]),
            *more_edges,
            {"from": nodes[-1], "loop": loop},
            edge("after", "END"),
        ],
        {"done": {"type": "bool", "default": False}, **(fields or {})},
    )


def test_a_loop_goes_on_while_its_condition_holds():
    result, recorded = run(counting({"condition": "len(log) < 3", "exit_to": "after"}))

    assert result.result == ["step", "step", "step", "after"]
    assert [each["round"] for each in events(recorded, "loop")] == [1, 2, 3]


def test_a_loop_that_is_cut_off_says_so():
    result, recorded = run(
        counting({"condition": "len(log) < 99", "max_iterations": 2, "exit": "after"})
    )

    assert result.result == ["step", "step", "after"]
    assert [each.get("exhausted") for each in events(recorded, "loop")] == [None, True]


def test_a_loop_can_wait_for_a_field():
    mark = {
        "id": "mark",
        "type": "set",
        "values": {"log": ["mark"], "done": True},
        "when": "len(log) > 3",
    }
    config = counting(
        {"to": "step", "condition_field": "done", "exit_to": "after"},
        ("step", mark),
    )
    config["edges"][1]["from"] = "mark"
    config["edges"].insert(1, edge("step", "mark"))

    assert run(config)[0].result == ["step", "step", "step", "step", "mark", "after"]


def test_a_loop_within_a_loop_counts_anew():
    config = make(
        ["outer", "inner", "close", "after"],
        [
            edge("START", "outer"),
            edge("outer", "inner"),
            {"from": "inner", "loop": {"max_iterations": 2, "exit_to": "close"}},
            {"from": "close", "loop": {"to": "outer", "max_iterations": 2, "exit_to": "after"}},
            edge("after", "END"),
        ],
    )

    result, _ = run(config)

    assert result.result == ["outer", "inner", "inner", "close"] * 2 + ["after"]


def test_a_cycle_of_routes_is_bounded():
    config = make(
        ["a", "b"],
        [
            edge("START", "a"),
            edge("a", "b"),
            {"from": "b", "routes": [{"condition": "len(log) < 0", "to": "END"}], "default": "a"},
        ],
        config={"execution": {"max_steps": 10}},
    )

    result, _ = run(config)

    assert "the run has taken 10 steps and goes on" in str(result.error)
    assert len(result.state["log"]) == 10


def test_a_node_that_is_passed_over_leaves_an_event_and_no_span():
    config = make(
        ["a", {"id": "b", "type": "set", "values": {"log": ["b"]}, "when": "len(log) > 5"}, "c"], []
    )

    result, recorded = run(config)

    assert result.result == ["a", "c"]
    assert recorded.outline().splitlines() == ["flow workflow ok", "  a node ok", "  c node ok"]
    assert events(recorded, "node.skipped") == [{"node": "b", "when": "len(log) > 5"}]


FAILING = {"id": "bad", "type": "python", "callable": "json:loads", "inputs": {"s": "{"}}


@pytest.fixture
def failing():
    """Make a workflow whose second node fails, with a rule for that."""

    def make_config(rule, **more):
        return make(
            ["a", {**FAILING, **({} if rule is None else {"on_error": rule}), **more}, "b", "c"],
            [
                edge("START", "a"),
                edge("a", "bad"),
                edge("bad", "b"),
                edge("b", "END"),
                edge("c", "END"),
            ]
            if rule == "c" or (isinstance(rule, dict) and rule["to"] == "c")
            else [
                edge("START", "a"),
                edge("a", "bad"),
                edge("bad", "b"),
                edge("b", "c"),
                edge("c", "END"),
            ],
            {"problem": "str", "facts": "dict"},
        )

    return make_config


def test_a_failure_ends_the_run_and_keeps_what_was_reached(failing):
    """A-US1.2: earlier nodes say ok, the failing one carries its error, later ones are absent."""
    result, recorded = run(failing(None))

    assert result.status is Status.ERROR
    assert result.failed_node == "bad"
    assert result.outputs_so_far == {"log": ["a"]}
    assert recorded.outline().splitlines() == [
        "flow workflow error",
        "  a node ok",
        "  bad node error",
    ]


def test_a_failure_that_is_allowed_ends_degraded(failing):
    result, recorded = run(failing({"to": "continue", "into": "problem"}))

    assert result.status is Status.DEGRADED
    assert result.result == ["a", "b", "c"]
    assert "Expecting property name" in result.state["problem"]
    assert [failure.node_id for failure in result.failures] == ["bad"]
    assert recorded.outline().splitlines() == [
        "flow workflow degraded",
        "  a node ok",
        "  bad node error",
        "  b node ok",
        "  c node ok",
    ]


def test_another_node_can_take_over(failing):
    result, recorded = run(failing({"to": "c", "into": "facts"}))

    assert result.result == ["a", "c"]
    assert result.state["facts"]["node"] == "bad"
    assert result.state["facts"]["type"] == "JSONDecodeError"
    assert events(recorded, "handled") == [{"from": "bad", "to": "c"}]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"on_error": "cc"}, "There is no node 'cc'."),
        ({"on_error": {"to": "continue", "into": "problme"}}, "There is no state field 'problme'."),
        ({"when": "nope > 3"}, "names 'nope'"),
        ({"when": "open('/etc/passwd')"}, "calls 'open'"),
        ({"when": "().__class__"}, "is not a path"),
        ({"when": "len(log) ** 9999999"}, "a part that conditions cannot have"),
        ({"when": "x" * 3000}, "at most 2,000 characters"),
        ({"when": "log && log"}, "write 'and' for '&&'"),
        ({"retry": 0}, "greater than or equal to 1"),
        ({"timeout": -1}, "greater than 0"),
    ],
)
def test_rules_that_cannot_be_kept_are_refused(write, change, message):
    config = make(["a", {"id": "b", "type": "set", "values": {"log": ["b"]}, **change}], [])
    path = write(yaml.safe_dump(config, sort_keys=False))

    problems = [str(problem) for problem in validate_workflow(path)]

    assert any(message in problem for problem in problems), problems
    assert all(problem.startswith(f"{path}:") for problem in problems)


def test_an_end_node_ends_the_run_well_or_not():
    def ending(status):
        end = {"id": "stop", "type": "end", "status": status, "message": "because {log[0]}"}
        return make(["a", end], [edge("START", "a"), edge("a", "stop")])

    good, _ = run(ending("ok"))
    bad, _ = run(ending("error"))

    assert good.status is Status.OK
    assert str(bad.error) == "Node 'stop': because a"
