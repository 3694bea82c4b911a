"""What begins branches may be passed over, fail, or hand over; and what leads into a branch."""

from itertools import pairwise

import pytest
import yaml
from flow_maker import edge, make, run

from agentglass.spans import Status
from agentglass.workflow import validate_workflow

BAD = {"type": "python", "callable": "json:loads", "inputs": {"s": "{"}}
GOOD = {"type": "set", "values": {"log": ["x"]}}


def chain(*names):
    return [edge(a, b) for a, b in pairwise(names)]


def forked(source, *more_edges, nodes=()):
    """Node `x` begins the branches `p` and `q`, which meet at `j`."""
    return make(
        [{"id": "x", **source}, "p", "q", "j", *nodes],
        [
            edge("START", "x"),
            {"from": "x", "parallel": ["p", "q"]},
            *(edge(name, "j") for name in "pq"),
            *(more_edges or chain("j", "END")),
        ],
    )


@pytest.mark.parametrize("rule", ["continue", "h"])
def test_a_node_that_could_fail_begins_all_of_its_branches(rule):
    source = {**GOOD, "on_error": rule}
    after = [*chain("j", "END"), *chain("h", "END")]

    result, recorded = run(forked(source, *after, nodes=["h"]) if rule == "h" else forked(source))

    assert result.result == ["x", "p", "q", "j"]
    assert [span.name for span in recorded.spans] == ["flow", "x", "p", "q", "j"]


def test_branches_begin_after_a_node_that_was_passed_over():
    assert run(forked({**BAD, "when": "false"}))[0].result == ["p", "q", "j"]


def test_branches_begin_after_a_failure_that_is_allowed():
    result, _ = run(forked({**BAD, "on_error": "continue"}))

    assert (result.status, result.result) == (Status.DEGRADED, ["p", "q", "j"])


@pytest.mark.parametrize(
    ("ways", "log"),
    [
        ([*chain("j", "END"), *chain("h", "END")], ["h"]),
        ([*chain("h", "j", "END")], ["h", "j"]),
    ],
    ids=["to the end", "to where the branches meet"],
)
def test_a_failure_can_lead_past_the_branches(ways, log):
    result, _ = run(forked({**BAD, "on_error": "h"}, *ways, nodes=["h"]))

    assert (result.status, result.result) == (Status.DEGRADED, log)


def test_a_failure_in_a_branch_can_be_handled_in_it():
    config = make(
        ["s", {"id": "x", **BAD, "on_error": "h"}, "p", "q", "y", "h", "j"],
        [
            edge("START", "s"),
            {"from": "s", "parallel": ["x", "y"]},
            {"from": "x", "parallel": ["p", "q"]},
            *(edge(name, "j") for name in "pqhy"),
            edge("j", "END"),
        ],
    )

    result, _ = run(config)

    assert (result.status, result.result) == (Status.DEGRADED, ["s", "y", "h", "j"])


def problems_of(write, config):
    path = write(yaml.safe_dump(config, sort_keys=False))
    return [problem.message for problem in validate_workflow(path)]


@pytest.mark.parametrize("handler", ["p", "r"])
def test_a_failure_cannot_lead_into_a_branch(write, handler):
    config = make(
        [{"id": "x", **BAD, "on_error": handler}, "p", "r", "q", "j"],
        [
            edge("START", "x"),
            {"from": "x", "parallel": ["p", "q"]},
            *chain("p", "r", "j", "END"),
            edge("q", "j"),
        ],
    )

    assert problems_of(write, config) == ["'x' leads into the branch 'p' when it fails."]


def test_nothing_leads_into_a_branch_from_outside(write):
    back = {"from": "j", "loop": {"to": "q", "exit_to": "END"}}

    found = problems_of(write, forked(GOOD, back))

    assert found == ["'j' leads into the branch 'q' from outside."]


def test_what_a_failure_writes_counts_as_written(write):
    config = make(
        [
            {
                "id": "x",
                "type": "wait",
                "seconds": 0,
                "on_error": {"to": "continue", "into": "why"},
            },
            {"id": "y", "type": "set", "values": {"why": "because"}},
        ],
        [{"from": "START", "parallel": ["x", "y"]}, edge("x", "END"), edge("y", "END")],
        {"why": "str"},
    )

    assert problems_of(write, config) == [
        "'x' and 'y' run at once and both write 'why'. "
        "Give the field a reducer: append, merge, sum or max."
    ]


def test_an_end_in_a_branch_lets_the_others_finish():
    config = make(
        [{"id": "stop", "type": "end", "values": {"log": ["stop"]}}, "p", "q"],
        [{"from": "START", "parallel": ["stop", "p"]}, *chain("p", "q", "END")],
    )

    assert run(config)[0].result == ["stop", "p", "q"]
