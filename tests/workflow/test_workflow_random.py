"""Random workflows against a small interpreter that walks the structure they were made from.

A structure is a list of parts: `"node"`, `"skipped"`, `"failed"`, `("rescued", [parts])`,
`("choose", condition, [parts], [parts])`, `("repeat", rounds, [parts])`, `("escape", visit, rounds,
[parts])` for a loop that a route leaves at a visit, and `("fork", [[parts], ...])`. It is written as
nodes and edges for agentglass, and walked directly for what must come of it: a list in which a list
of lists stands where branches may come in any order.
"""

from collections import Counter
from itertools import count

from flow_maker import edge, make
from hypothesis import given, settings
from hypothesis import strategies as st

from agentglass.spans import Status
from agentglass.testing import capture
from agentglass.workflow import execute, load_config

FLAGS = ("red", "green", "blue")
SIMPLE = st.sampled_from(("node", "node", "node", "skipped", "failed"))


def parts(inner):
    some = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        SIMPLE,
        st.tuples(st.just("rescued"), some),
        st.tuples(st.just("choose"), st.sampled_from(FLAGS), some, some),
        st.tuples(st.just("repeat"), st.integers(1, 3), some),
        st.tuples(st.just("escape"), st.integers(1, 4), st.integers(1, 3), some),
        st.tuples(st.just("fork"), st.lists(some, min_size=2, max_size=3)),
    )


STRUCTURES = st.lists(st.recursive(SIMPLE, parts, max_leaves=12), min_size=1, max_size=4)


class Writer:
    """Writes a structure as nodes and edges; each part begins where the one before it ended."""

    def __init__(self):
        self.names = (f"n{number}" for number in count())
        self.nodes = []
        self.edges = []
        self.failing = set()
        self.counters = []

    def node(self):
        name = next(self.names)
        self.nodes.append(name)
        return name

    def skipped(self):
        name = next(self.names)
        self.nodes.append({"id": name, "type": "set", "values": {"log": [name]}, "when": "false"})
        return name

    def failed(self, on_error="continue"):
        name = next(self.names)
        broken = {"type": "python", "callable": "json:loads", "inputs": {"s": "{"}}
        self.nodes.append({"id": name, **broken, "on_error": on_error})
        self.failing.add(name)
        return name

    def sequence(self, items):
        """Return the first node and the last one, which has no edge yet; note the plan."""
        first, last, plan = None, None, []
        for item in items:
            begin, end, steps = self.part(item)
            if first is None:
                first = begin
            else:
                self.edges.append(edge(last, begin))
            last = end
            plan.append(steps)
        return first, last, ("all", plan)

    def part(self, item):
        if isinstance(item, str):
            name = getattr(self, item)()
            return name, name, ("all", []) if item == "skipped" else ("node", name)
        kind, *rest = item
        return getattr(self, kind)(*rest)

    def choose(self, flag, yes, no):
        at = self.node()
        first_yes, last_yes, plan_yes = self.sequence(yes)
        first_no, last_no, plan_no = self.sequence(no)
        after = self.node()
        self.edges.append(
            {"from": at, "routes": [{"condition": flag, "to": first_yes}], "default": first_no}
        )
        self.edges += [edge(last_yes, after), edge(last_no, after)]
        choice = ("choice", flag, plan_yes, plan_no)
        return at, after, ("all", [("node", at), choice, ("node", after)])

    def repeat(self, rounds, body):
        first, last, plan = self.sequence(body)
        close, after = self.node(), self.node()
        self.edges.append(edge(last, close))
        self.edges.append(
            {"from": close, "loop": {"to": first, "max_iterations": rounds, "exit_to": after}}
        )
        again = ("all", [plan, ("node", close)])
        return first, after, ("all", [again] * rounds + [("node", after)])

    def rescued(self, body):
        first, last, plan = self.sequence(body)
        at, after = self.failed(first), self.node()
        self.edges += [edge(at, after), edge(last, after)]
        return at, after, ("all", [("node", at), plan, ("node", after)])

    def escape(self, visit, rounds, body):
        first, last, plan = self.sequence(body)
        check, close, after = next(self.names), self.node(), self.node()
        counter = f"visits_of_{check}"
        self.nodes.append({"id": check, "type": "set", "values": {"log": [check], counter: 1}})
        self.counters.append(counter)
        out = {"condition": f"{counter} == {visit}", "to": after}
        self.edges += [
            edge(last, check),
            {"from": check, "routes": [out], "default": close},
            {"from": close, "loop": {"to": first, "max_iterations": rounds, "exit_to": after}},
        ]
        loop = ("escape", check, close, visit, rounds, plan)
        return first, after, ("all", [loop, ("node", after)])

    def fork(self, branches):
        at = self.node()
        made = [self.sequence(branch) for branch in branches]
        after = self.node()
        self.edges.append({"from": at, "parallel": [first for first, _, _ in made]})
        self.edges += [edge(last, after) for _, last, _ in made]
        together = ("any order", [plan for _, _, plan in made])
        return at, after, ("all", [("node", at), together, ("node", after)])


def expected(plan, flags, visits):
    """Return what runs: names, and lists of lists where branches run at once."""
    kind, *rest = plan
    if kind == "node":
        return rest
    if kind == "choice":
        flag, yes, no = rest
        return expected(yes if flags[flag] else no, flags, visits)
    if kind == "escape":
        return expected_escape(*rest, flags, visits)
    lists = [expected(each, flags, visits) for each in rest[0]]
    return [lists] if kind == "any order" else [step for steps in lists for step in steps]


def expected_escape(check, close, visit, rounds, body, flags, visits):
    steps = []
    for _ in range(rounds):
        steps += [*expected(body, flags, visits), check]
        visits[check] += 1
        if visits[check] == visit:
            break
        steps.append(close)
    return steps


def without(steps, names):
    """Return the steps that are not of these names."""
    return [
        step if isinstance(step, str) else [without(branch, names) for branch in step]
        for step in steps
        if isinstance(step, list) or step not in names
    ]


def flat(steps):
    for step in steps:
        if isinstance(step, str):
            yield step
        else:
            for branch in step:
                yield from flat(branch)


def agrees(log, steps):
    """Tell whether a log is one of the orders that the steps allow."""
    log = list(log)
    for step in steps:
        if isinstance(step, str):
            if not log or log.pop(0) != step:
                return False
        else:
            size = sum(len(list(flat(branch))) for branch in step)
            part, log = log[:size], log[size:]
            for branch in step:
                own = Counter(flat(branch))
                if not agrees([name for name in part if name in own], branch):
                    return False
    return not log


@settings(max_examples=60)
@given(structure=STRUCTURES, values=st.tuples(*[st.booleans()] * len(FLAGS)))
def test_a_workflow_runs_what_its_structure_says(structure, values):
    writer = Writer()
    first, last, plan = writer.sequence(structure)
    fields = {flag: {"type": "bool", "default": False} for flag in FLAGS}
    fields |= {name: {"type": "int", "reducer": "sum", "default": 0} for name in writer.counters}
    edges = [edge("START", first), *writer.edges, edge(last, "END")]
    flags = dict(zip(FLAGS, values, strict=True))
    steps = expected(plan, flags, Counter())
    failed = [name for name in flat(steps) if name in writer.failing]

    with capture() as recorded:
        result = execute(load_config(make(writer.nodes, edges, fields)), flags)

    assert result.status is (Status.DEGRADED if failed else Status.OK), result.error
    assert Counter(failure.node_id for failure in result.failures) == Counter(failed)
    written = without(steps, writer.failing)
    assert agrees(result.state["log"] or [], written), (result.state["log"], written)
    root, *spans = recorded.spans
    assert Counter(span.name for span in spans) == Counter(flat(steps))
    assert agrees([span.name for span in spans], steps)
    assert {span.parent_id for span in spans} <= {root.span_id}


def test_the_check_itself_can_fail():
    steps = ["a", [["b", "c"], ["d"]], "e"]

    assert agrees(["a", "b", "d", "c", "e"], steps)
    assert agrees(["a", "d", "b", "c", "e"], steps)
    assert not agrees(["a", "c", "b", "d", "e"], steps)
    assert not agrees(["a", "b", "c", "e", "d"], steps)
    assert not agrees(["a", "b", "c", "d"], steps)
