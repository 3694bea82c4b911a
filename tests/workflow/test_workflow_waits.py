"""`wait` nodes: how long they wait, and what is no time at all."""

import pytest
import yaml
from flow_maker import make, run

from agentglass.spans import Status
from agentglass.workflow import validate_workflow


def waiting(**settings):
    return make([{"id": "rest", "type": "wait", **settings}, "after"], [], {"given": "str"})


@pytest.mark.parametrize(
    ("settings", "given"),
    [
        ({"seconds": 0}, None),
        ({"seconds": -5}, None),
        ({"seconds": "{given}"}, "0.01"),
        ({"until": "2020-01-31T09:00:00Z"}, None),
        ({"until": "{given}"}, "2020-01-31"),
        ({"until": "{given}"}, "2020-01-31T09:00:00+02:00"),
    ],
)
def test_a_moment_that_has_come_is_not_waited_for(settings, given):
    result, recorded = run(waiting(**settings), {"given": given})

    assert result.result == ["after"]
    assert recorded.span("rest").status is Status.OK


@pytest.mark.parametrize(
    ("settings", "given", "message"),
    [
        ({"seconds": "{given}"}, "a while", "`seconds` is 'a while'. Expected: a number."),
        ({"seconds": "{given}"}, None, "`seconds` is None. Expected: a number."),
        ({"seconds": "{given}"}, "nan", "it would wait nan s; at most 86400 s (a day)."),
        ({"seconds": "{given}"}, "1e999", "it would wait inf s; at most 86400 s (a day)."),
        ({"until": "2999-01-01T00:00:00Z"}, None, "at most 86400 s (a day)."),
        (
            {"until": "{given}"},
            "tomorrow",
            "`until` is 'tomorrow'. Expected: a moment, as in 2026-01-31T09:00:00Z.",
        ),
    ],
)
def test_what_is_no_time_or_too_long_fails_at_once(settings, given, message):
    result, _ = run(waiting(**settings), {"given": given})

    assert result.failed_node == "rest"
    assert str(result.error).startswith("Node 'rest': ")
    assert message in str(result.error)


@pytest.mark.parametrize("settings", [{}, {"seconds": 1, "until": "2026-01-31"}])
def test_a_wait_needs_one_measure(write, settings):
    path = write(yaml.safe_dump(waiting(**settings), sort_keys=False))

    (problem,) = validate_workflow(path)

    assert problem.message == "A 'wait' node needs `seconds` or `until`, one of them."


def test_the_wait_ends_with_the_time_of_its_node():
    result, recorded = run(waiting(seconds=60, timeout=0.1))

    assert str(result.error) == "Node 'rest' took longer than 0.1 s (timeout)."
    assert recorded.span("rest").status is result.status is Status.TIMED_OUT


def test_items_that_end_are_signs_of_life_of_their_map():
    config = make(
        [
            {
                "id": "each",
                "type": "map",
                "items": [0.1] * 5,
                "do": {"type": "wait", "seconds": "{item}"},
                "idle_timeout": 0.3,
            }
        ],
        [],
    )

    assert run(config)[0].status is Status.OK
