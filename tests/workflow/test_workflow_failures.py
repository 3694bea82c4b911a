"""Failures that a run survives: where what failed is written, and what is never survived."""

import pytest
import yaml
from flow_maker import edge, events, make, run

from agentglass.spans import Status
from agentglass.workflow import validate_workflow

BAD = {"id": "bad", "type": "python", "callable": "json:loads", "inputs": {"s": "{"}}
SILENT = {"id": "bad", "type": "python", "callable": "failurelib:fail"}
TEXT = "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
FACTS = {"node": "bad", "type": "JSONDecodeError", "message": TEXT}


def into(field, node=BAD):
    rule = {"to": "continue", "into": "problem"}
    return make([{**node, "on_error": rule}, "after"], [], {"problem": field})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("str", TEXT),
        ("dict", FACTS),
        ("dict[str, str]", FACTS),
        ("object", FACTS),
        ({"type": "list[str]", "reducer": "append"}, [TEXT]),
        ({"type": "list", "reducer": "append"}, [FACTS]),
    ],
)
def test_what_failed_is_written_as_its_field_can_hold_it(field, value):
    result, recorded = run(into(field))

    assert result.status is Status.DEGRADED
    assert result.state["problem"] == value
    assert events(recorded, "node.failed") == [FACTS]


@pytest.mark.parametrize("type_", ["int", "list[str]"])
def test_a_field_that_cannot_hold_what_failed_is_refused(write, type_):
    path = write(yaml.safe_dump(into(type_), sort_keys=False))

    (problem,) = validate_workflow(path)

    assert problem.path == "nodes[0].on_error.into"
    assert problem.message == (
        f"The state field 'problem' is {type_}. What failed is a text, or {{node, type, message}}: "
        "give the field the type str or dict."
    )


def test_an_exception_without_a_message_is_written_by_its_name(write, monkeypatch):
    write("def fail():\n    raise KeyError\n", "failurelib.py")
    monkeypatch.syspath_prepend(write("", "none.txt").parent)

    result, _ = run(into("str", SILENT))

    assert result.state["problem"] == "KeyError"


def endless(rule, **execution):
    again = {"id": "again", "type": "set", "values": {"log": ["again"]}, "on_error": rule}
    return make(
        ["first", again],
        [
            edge("START", "first"),
            edge("first", "again"),
            {"from": "again", "routes": [{"condition": "false", "to": "END"}], "default": "first"},
        ],
        config={"execution": execution},
    )


@pytest.mark.parametrize("rule", ["fail", "continue", "first"])
def test_no_rule_survives_the_steps_that_a_run_may_take(rule):
    result, _ = run(endless(rule, max_steps=3))

    assert result.failed_node == "again"
    assert str(result.error).startswith("Node 'again': the run has taken 3 steps and goes on.")
    assert result.state["log"] == ["first", "again", "first"]


def test_no_rule_survives_the_time_that_a_run_may_take():
    wait = {"id": "wait", "type": "wait", "seconds": 60, "on_error": "continue"}

    result, _ = run(make([wait, "after"], [], config={"execution": {"timeout": 0.2}}))

    assert result.status is Status.TIMED_OUT
    assert "ran longer than 0.2 s (config.execution.timeout); running: 'wait'" in str(result.error)


def test_a_node_that_runs_again_after_its_failure_was_allowed_is_judged_anew():
    """The failure of the first round is known; the second round goes well."""
    sometimes = {**BAD, "inputs": {"s": "{text}"}, "outputs": ["value"], "on_error": "mend"}
    mend = {"id": "mend", "type": "set", "values": {"text": "[1]", "log": ["mend"]}}
    config = make(
        [sometimes, mend],
        [edge("START", "bad"), edge("bad", "END"), edge("mend", "bad")],
        {"text": {"type": "str", "default": "["}, "value": "list"},
    )

    result, recorded = run(config)

    assert result.state["value"] == [1]
    assert (result.status, [each.node_id for each in result.failures]) == (
        Status.DEGRADED,
        ["bad"],
    )
    assert [str(span.status) for span in recorded.spans] == ["degraded", "error", "ok", "ok"]
