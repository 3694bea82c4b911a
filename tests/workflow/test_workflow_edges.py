import pytest

from agentglass.workflow import load, validate_workflow

HEAD = """\
schema_version: "1.0"
flow: {name: demo}
"""


def places(problems):
    return [(problem.code, problem.line, problem.column) for problem in problems]


def only(problems):
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


TWO_NODES = """\
state: {fields: {x: int}}
nodes:
  - {id: one, type: set, values: {x: 1}}
  - {id: two, type: set, values: {x: 2}}
edges:
"""


@pytest.mark.parametrize(
    ("edges", "place", "message"),
    [
        (
            "[{from: START, to: one}, {from: one, to: towo}]",
            (8, 44),
            "There is no node 'towo'. Did you mean 'two'? Nodes: one, two.",
        ),
        (
            "[{from: one, to: two}, {from: two, to: END}]",
            (8, 3),
            "No edge leaves START. Add one to the first node.",
        ),
        (
            "[{from: START, to: one}, {from: START, to: two}, {from: one, to: END}]",
            (8, 28),
            "A second edge leaves 'START'. For one of several nodes write `routes`, for several at "
            "once `parallel: [a, b]`.",
        ),
        (
            "[{from: START, to: one}, {from: one, to: END}]",
            (6, 10),
            "The node 'two' is never reached from START.",
        ),
        (
            "[{from: START, to: one}, {from: one, to: two}, {from: two, to: one}]",
            (5, 10),
            "No way leads from 'one' to END: the run would go round for ever. Leave the cycle with a "
            "`loop` or a route.",
        ),
        (
            "[{from: START, to: one}, {from: one, to: two}]",
            (6, 10),
            "No edge leads on from 'two'. Add one, to END if nothing follows.",
        ),
        (
            "[{from: START, to: one}, {from: one, loop: {max_iterations: 3}}]",
            (8, 46),
            "The key 'exit_to' is missing in edges[1].loop.",
        ),
        (
            "[{from: START, to: [one, two]}]",
            (8, 22),
            "edges[0].to is ['one', 'two']. Expected: a text.",
        ),
    ],
)
def test_edges_that_lead_nowhere_are_refused(write, edges, place, message):
    path = write(f"{HEAD}{TWO_NODES}  {edges}\n")

    found = {str(problem) for problem in validate_workflow(path)}

    line, column = place
    assert f"{path}:{line}:{column}: {message}" in found


def test_edges_give_the_order_and_without_them_the_file_does(write):
    reverse = "  [{from: START, to: two}, {from: two, to: one}, {from: one, to: END}]\n"

    with_edges = load(write(HEAD + TWO_NODES + reverse))
    without = load(write(HEAD + TWO_NODES.removesuffix("edges:\n")))

    assert [node.id for node in with_edges.nodes] == ["two", "one"]
    assert [node.id for node in without.nodes] == ["one", "two"]
