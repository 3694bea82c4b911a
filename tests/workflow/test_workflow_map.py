"""`map` and `workflow` nodes: work for each item, and workflows as parts of others."""

import threading

import pytest
from flow_maker import make, run

from agentglass.spans import Status
from agentglass.testing import capture
from agentglass.workflow import execute, load, validate_workflow

LIB = """\
import threading
import time

lock = threading.Lock()
full = threading.Condition(lock)
now = 0
most = 0


def work(n):
    global now, most
    with lock:
        now += 1
        most = max(most, now)
    time.sleep(0.02 if n % 2 else 0.001)
    with lock:
        now -= 1
    return n * 10


def meet(n):
    global now, most
    with full:
        now += 1
        most = max(most, now)
        full.notify_all()
        full.wait_for(lambda: most >= 3, timeout=30)
        now -= 1
    return n * 10


def pick(n):
    if n == 2:
        raise ValueError("not two")
    return n
"""


def each(do, **more):
    return {
        "id": "each",
        "type": "map",
        "items": "{numbers}",
        "outputs": ["found"],
        "do": do,
        **more,
    }


def mapped(do, **more):
    return make([each(do, **more)], [], {"numbers": "list", "found": "list"}) | {
        "outputs": ["found"]
    }


@pytest.fixture
def lib(write, monkeypatch):
    """A module whose functions count how many of them run at once."""
    write(LIB, "maplib.py")
    monkeypatch.syspath_prepend(write("", "none.txt").parent)
    import maplib

    maplib.most = 0

    return maplib


WORK = {"type": "python", "callable": "maplib:work", "inputs": {"n": "{item}"}}
PICK = {"type": "python", "callable": "maplib:pick", "inputs": {"n": "{item}"}}


def test_results_are_in_the_order_of_the_items(lib):
    meet = {"type": "python", "callable": "maplib:meet", "inputs": {"n": "{item}"}}

    result, recorded = run(mapped(meet, parallel=True, max_concurrent=3), {"numbers": [1, 2, 3, 4]})

    assert result.result == [10, 20, 30, 40]
    assert lib.most == 3
    names = [
        span.name for span in recorded.spans if span.parent_id == recorded.span("each").span_id
    ]
    assert sorted(names) == ["each[0]", "each[1]", "each[2]", "each[3]"]


def test_items_are_worked_on_one_by_one_unless_asked(lib):
    run(mapped(WORK), {"numbers": [1, 2, 3]})

    assert lib.most == 1


@pytest.mark.parametrize(
    ("rule", "status", "found"),
    [
        ("fail_fast", Status.ERROR, None),
        ("continue", Status.DEGRADED, [1, None, 3]),
        (
            "collect",
            Status.DEGRADED,
            [1, {"error": {"node": "each[1]", "type": "ValueError", "message": "not two"}}, 3],
        ),
    ],
)
def test_a_failed_item_means_what_the_file_says(lib, rule, status, found):
    result, recorded = run(mapped(PICK, on_error=rule), {"numbers": [1, 2, 3]})

    assert (result.status, result.result) == (status, found)
    assert recorded.span("each[1]").status is Status.ERROR
    if found is None:
        assert isinstance(result.error, ValueError)
        assert "each[2]" not in {span.name for span in recorded.spans}


def test_the_first_failure_stops_those_that_run_beside_it(lib):
    slow = {"type": "wait", "seconds": "{item}"}

    result, recorded = run(mapped(slow, parallel=True), {"numbers": [60, "no number", 60]})

    assert "`seconds` is 'no number'" in str(result.error)
    assert recorded.span("each[0]").status is Status.CANCELLED


def test_a_node_can_take_over_from_a_map_that_fails(lib):
    config = make(
        [each(PICK, on_error="rescue"), {"id": "rescue", "type": "set", "values": {"log": ["r"]}}],
        [
            {"from": "START", "to": "each"},
            {"from": "each", "to": "END"},
            {"from": "rescue", "to": "END"},
        ],
        {"numbers": "list", "found": "list"},
    )

    assert run(config, {"numbers": [2]})[0].result == ["r"]


def test_templates_name_the_item_its_place_and_the_state(lib):
    config = mapped(
        {
            "type": "python",
            "callable": "builtins:dict",
            "inputs": {"text": "{word} is {index} of {log}", "n": "{index}"},
        },
        **{"as": "word"},
    )

    result, _ = run(config, {"numbers": ["a", "b"]})

    assert result.result == [{"text": "a is 0 of ", "n": 0}, {"text": "b is 1 of ", "n": 1}]


def test_a_map_may_hold_a_map(lib):
    inner = {"type": "map", "items": "{row}", "do": WORK}

    result, _ = run(mapped(inner, **{"as": "row"}), {"numbers": [[1, 2], [], [3]]})

    assert result.result == [[10, 20], [], [30]]


def test_rules_hold_for_each_item(lib):
    config = mapped({**PICK, "retry": {"attempts": 2, "wait": 0}}, on_error="continue")

    _, recorded = run(config, {"numbers": [1, 2]})

    tried = [
        span.name for span in recorded.spans if span.parent_id == recorded.span("each[1]").span_id
    ]
    assert tried == ["attempt 1", "attempt 2"]


def test_no_items_give_no_results(lib):
    assert run(mapped(WORK), {"numbers": []})[0].result == []


def test_what_is_no_list_is_refused(lib):
    result, _ = run(mapped(WORK))

    assert str(result.error) == "Node 'each': `items` is nothing. Expected: a list."


@pytest.mark.parametrize(
    ("do", "message"),
    [
        ({"type": "sett"}, "Unknown node type 'sett'. Did you mean 'set'?"),
        ({"type": "human", "prompt": "ok?"}, "cannot be done for each item"),
        ({"type": "end"}, "cannot be done for each item"),
        ({**PICK, "when": "true"}, "'when' belongs to the 'map' node itself"),
        ({**PICK, "inputs": {"n": "{itme}"}}, "names 'itme'"),
        ({**PICK, "inputs": {"m": 1}}, "cannot be called with the inputs"),
        ({"type": "python"}, "The key 'callable' is missing in do"),
    ],
)
def test_work_that_cannot_be_done_is_refused(lib, write, do, message):
    import yaml

    path = write(yaml.safe_dump(mapped(do), sort_keys=False))

    problems = [str(problem) for problem in validate_workflow(path)]

    assert any(message in problem for problem in problems), problems


CHILD = """\
schema_version: "1.0"
flow: {name: child}
state: {fields: {number: {type: int, required: true}, doubled: int}}
nodes:
  - {id: double, type: python, callable: "operator:mul", inputs: {}, outputs: [doubled]}
""".replace(
    'callable: "operator:mul", inputs: {}', 'callable: "maplib:work", inputs: {n: "{number}"}'
)

PARENT = """\
schema_version: "1.0"
flow: {name: parent}
state: {fields: {number: {type: int, default: 4}, doubled: int, twice: int}}
nodes:
  - id: part
    type: workflow
    workflow: child
    params: {number: "{number}"}
    outputs: [doubled]
    output_mapping: {doubled: twice}
outputs: [doubled, twice]
"""


def test_a_workflow_is_a_part_of_another(lib, write):
    """A-E2: its spans are children in the same trace, and the tags of the root stay."""
    write(CHILD, "child.yaml")

    with capture() as recorded:
        result = execute(load(write(PARENT)), tags={"team": "glass"})

    assert result.result == {"doubled": 40, "twice": 40}
    assert recorded.outline().splitlines() == [
        "parent workflow ok",
        "  part node ok",
        "    child workflow ok",
        "      double node ok",
    ]
    root = recorded.span("parent")
    assert {span.trace_id for span in recorded.spans} == {root.trace_id}
    assert recorded.trace.summary.tags == {"team": "glass", "workflow": "parent"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("workflow: child", "workflow: chidl"), "There is no workflow 'chidl'"),
        (('{number: "{number}"}', "{}"), "The workflow 'child' needs number"),
        (('{number: "{number}"}', "{number: 1, nmber: 2}"), "has no state field 'nmber'"),
        (("{doubled: twice}", "{dobled: twice}"), "has no state field 'dobled'"),
    ],
)
def test_a_part_that_does_not_fit_is_refused(lib, write, change, message):
    write(CHILD, "child.yaml")

    problems = [str(one) for one in validate_workflow(write(PARENT.replace(*change)))]

    assert any(message in problem for problem in problems), problems


def test_parts_that_call_each_other_in_a_circle_are_refused(lib, write):
    write(PARENT.replace("workflow: child", "workflow: other").replace("parent", "a"), "a.yaml")
    write(PARENT.replace("workflow: child", "workflow: a").replace("parent", "other"), "other.yaml")

    problems = [str(one) for one in validate_workflow(write("", "x").parent / "a.yaml")]

    assert any("in a circle: a.yaml > other.yaml > a.yaml" in problem for problem in problems)


def test_parts_nest_ten_deep_at_most(lib, write):
    write(CHILD.replace("name: child", "name: p10"), "p10.yaml")
    for depth in range(10):
        text = PARENT.replace("workflow: child", f"workflow: p{depth + 1}")
        write(text.replace("name: parent", f"name: p{depth}"), f"p{depth}.yaml")
    folder = write("", "x").parent

    shallow = validate_workflow(folder / "p1.yaml")
    deep = [str(one) for one in validate_workflow(folder / "p0.yaml")]

    assert shallow == []
    assert any("more than 10 deep" in problem for problem in deep)


def test_a_failure_in_a_part_is_the_failure_of_the_run(lib, write):
    write(CHILD.replace("maplib:work", "maplib:pick"), "child.yaml")

    with capture() as recorded:
        result = execute(load(write(PARENT)), {"number": 2})

    assert isinstance(result.error, ValueError)
    assert recorded.span("child").status is recorded.span("part").status is Status.ERROR


def test_threads_of_a_run_end_with_it(lib):
    before = threading.active_count()

    run(mapped(WORK, parallel=True), {"numbers": list(range(20))})

    assert threading.active_count() <= before + 1
