"""Loops that are left early, entered again, or laid around other parts."""

from itertools import pairwise

import pytest
from flow_maker import edge, events, make, run

BAD = {"type": "python", "callable": "json:loads", "inputs": {"s": "{"}}


def loop(source, to, rounds, exit_to, **more):
    return {
        "from": source,
        "loop": {"to": to, "max_iterations": rounds, "exit_to": exit_to, **more},
    }


def chain(*names):
    return [edge(a, b) for a, b in pairwise(names)]


def rounds(recorded, node):
    return [each["round"] for each in events(recorded, "loop") if each["from"] == node]


def test_a_loop_that_a_route_has_left_begins_anew():
    leave = {"from": "b", "routes": [{"condition": "len(log) == 4", "to": "d"}], "default": "c"}
    config = make(
        ["a", "b", "c", "d"],
        [*chain("START", "a", "b"), leave, loop("c", "b", 3, "d"), loop("d", "a", 2, "END")],
    )

    result, recorded = run(config)

    assert "".join(result.result) == "abcbdabcbcbcd"
    assert rounds(recorded, "c") == [1, 1, 2, 3]


@pytest.mark.parametrize(("failing", "log"), [("b", "accdacccd"), ("c", "abbdabbbd")])
def test_a_loop_that_a_failure_has_left_begins_anew(failing, log):
    bad = {"id": failing, **BAD, "when": "len(log) == 3", "on_error": "d"}
    config = make(
        [bad if name == failing else name for name in "abcd"],
        [*chain("START", "a", "b", "c"), loop("c", "b", 3, "d"), loop("d", "a", 2, "END")],
    )

    result, recorded = run(config)

    assert "".join(result.result) == log
    assert rounds(recorded, "c")[-3:] == [1, 2, 3]


def test_an_exit_that_leads_out_of_two_loops_ends_both():
    """The inner loop ends the outer one as well; both count anew when they are entered again."""
    config = make(
        ["a", "b", "c", "d"],
        [
            *chain("START", "a", "b"),
            {"from": "b", "routes": [{"condition": "len(log) > 3", "to": "d"}], "default": "c"},
            loop("c", "a", 5, "d"),
            loop("d", "a", 3, "END"),
        ],
    )

    result, recorded = run(config)

    assert "".join(result.result) == "abcabdabdabd"
    assert rounds(recorded, "c") == [1]
    assert rounds(recorded, "d") == [1, 2, 3]


def test_a_loop_in_a_branch_begins_anew_with_each_round_around_the_branches():
    config = make(
        ["a", "b", "c", "d"],
        [
            *chain("START", "a"),
            {"from": "a", "parallel": ["b", "c"]},
            loop("b", "b", 2, "d"),
            loop("c", "c", 3, "d"),
            loop("d", "a", 2, "END"),
        ],
    )

    result, recorded = run(config)

    assert "".join(result.result) == "abcbccd" * 2
    assert rounds(recorded, "b") == [1, 2] * 2
    assert rounds(recorded, "c") == [1, 2, 3] * 2


def test_a_node_that_is_passed_over_still_counts_its_rounds():
    once = {"id": "a", "type": "set", "values": {"log": ["a"]}, "when": "log is null"}
    config = make([once], [edge("START", "a"), loop("a", "a", 3, "END")])

    result, recorded = run(config)

    assert result.result == ["a"]
    assert len(events(recorded, "node.skipped")) == 2
    assert rounds(recorded, "a") == [1, 2, 3]


def test_one_iteration_is_no_repetition():
    config = make(["a", "b"], [edge("START", "a"), loop("a", "a", 1, "b"), edge("b", "END")])

    assert run(config)[0].result == ["a", "b"]


def test_a_loop_without_a_condition_is_not_cut_off_at_its_number():
    config = make(["a"], [edge("START", "a"), loop("a", "a", 2, "END")])

    _, recorded = run(config)

    assert not any("exhausted" in each for each in events(recorded, "loop"))


def test_a_condition_of_a_loop_that_cannot_be_evaluated_fails_at_its_node():
    config = make(
        ["a"],
        [edge("START", "a"), loop("a", "a", 2, "END", condition="score > 3")],
        {"score": "int"},
    )

    result, _ = run(config)

    assert result.failed_node == "a"
    assert "The condition 'score > 3' cannot be evaluated" in str(result.error)
    assert result.state["log"] == ["a"]
