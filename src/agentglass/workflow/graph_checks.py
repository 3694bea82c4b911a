"""What must hold of a workflow's edges: names, a way from START to END, branches that meet."""

from collections.abc import Mapping

from agentglass.errors import did_you_mean
from agentglass.workflow.draft import Draft
from agentglass.workflow.edges import END, START, EdgeConfig, ParallelItems
from agentglass.workflow.graph import Fork, Graph, find_forks, linear_edges
from agentglass.workflow.source import ValuePath

__all__ = ["read_graph"]

_NOT_A_NODE = ("fail", "continue")
"""What `on_error` can say besides the name of a node."""


def read_graph(draft: Draft) -> Graph:
    """Return the graph of a file, and note what is wrong with it.

    Without edges the nodes run in the order in which they stand in the file.
    """
    ends = {node.config.id for node in draft.nodes if node.config.type == "end"}
    is_known = _check_names(draft)
    if draft.edge_count == 0:
        edges = {edge.from_: edge for edge in linear_edges(draft.node_ids)}
    else:
        edges = _one_edge_each(draft)
    graph = Graph(
        {name: edge for name, edge in edges.items() if name not in ends},
        _handlers(draft),
    )
    _check_ends(draft, ends)
    if not is_known or len(draft.edges) < draft.edge_count:
        return graph
    if START not in edges:
        draft.add(("edges",), "no-start", f"No edge leaves {START}. Add one to the first node.")
    elif _check_ways(draft, graph, ends):
        for fork in find_forks(graph):
            _check_fork(draft, graph, fork)
    return graph


def _handlers(draft: Draft) -> dict[str, str]:
    return {
        node.config.id: node.config.on_error.to
        for node in draft.nodes
        if node.config.on_error.to not in _NOT_A_NODE
    }


def _check_names(draft: Draft) -> bool:
    before = len(draft.problems)
    known = draft.node_ids
    for index, edge in draft.edges.items():
        if edge.from_ != START and edge.from_ not in known:
            _note_unknown(draft, ("edges", index, "from"), edge.from_, START)
        for path, name in _named_targets(edge):
            if name != END and name not in known:
                _note_unknown(draft, ("edges", index, *path), name, END)
    _check_items_edges(draft)
    for node in draft.nodes:
        target = node.config.on_error.to
        if target not in (*_NOT_A_NODE, END) and target not in known:
            at = ("nodes", node.index, "on_error")
            _note_unknown(draft, at, target, END, " Or: continue, fail.")
    return len(draft.problems) == before


def _check_items_edges(draft: Draft) -> None:
    targets: set[str] = set()
    for index, edge in draft.edges.items():
        if not isinstance(edge.parallel, ParallelItems):
            continue
        target, message = edge.parallel.target_node, None
        if edge.from_ == START:
            message = f"{START} cannot run a node for each item; use a 'map' node."
        elif target == END:
            message = f"{END} cannot be run for each item; name a node."
        elif target in targets:
            message = (
                f"Another edge runs {target!r} for each item of a list already. "
                "Write the node twice, or a 'map' node."
            )
        targets.add(target)
        if message is not None:
            draft.add(("edges", index, "parallel"), "parallel", message)


def _note_unknown(draft: Draft, at: ValuePath, name: str, end: str, more: str = "") -> None:
    known = draft.node_ids
    hint = did_you_mean(name, [*known, end])
    shown = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
    draft.add(at, "unknown-node", f"There is no node {name!r}.{hint} Nodes: {shown}.{more}")


def _named_targets(edge: EdgeConfig) -> list[tuple[ValuePath, str]]:
    named: list[tuple[ValuePath, str | None]] = [(("to",), edge.to), (("default",), edge.default)]
    for index, route in enumerate(edge.routes or ()):
        named.append((("routes", index, "to"), route.to))
    if edge.loop is not None:
        named += [(("loop", "to"), edge.loop.to), (("loop", "exit_to"), edge.loop.exit_to)]
    if isinstance(edge.parallel, ParallelItems):
        named.append((("parallel", "target_node"), edge.parallel.target_node))
    for index, name in enumerate(edge.parallel if isinstance(edge.parallel, list) else ()):
        named.append((("parallel", index), name))
    return [(path, name) for path, name in named if name is not None]


def _one_edge_each(draft: Draft) -> dict[str, EdgeConfig]:
    edges: dict[str, EdgeConfig] = {}
    for index, edge in draft.edges.items():
        if edge.from_ in edges:
            message = (
                f"A second edge leaves {edge.from_!r}. For one of several nodes write `routes`, "
                "for several at once `parallel: [a, b]`."
            )
            draft.add(("edges", index), "second-edge", message)
        edges.setdefault(edge.from_, edge)
    return edges


def _check_ends(draft: Draft, ends: set[str]) -> None:
    for index, edge in draft.edges.items():
        if edge.from_ in ends:
            message = f"The node {edge.from_!r} ends the run; no edge leaves it."
            draft.add(("edges", index, "from"), "after-end", message)


def _check_ways(draft: Draft, graph: Graph, ends: set[str]) -> bool:
    """Check that START leads to every node, and every node to END."""
    before = len(draft.problems)
    reached = set(graph.reached_from(START))
    back: dict[str, list[str]] = {}
    for name in [START, *draft.node_ids]:
        at: ValuePath = ("nodes", draft.node_ids.index(name), "id") if name != START else ("edges",)
        if name not in reached:
            message = f"The node {name!r} is never reached from {START}."
            draft.add(at, "unreachable", message)
        elif name not in graph.edges and name not in ends:
            message = f"No edge leads on from {name!r}. Add one, to {END} if nothing follows."
            draft.add(at, "no-end", message)
        for target in graph.targets(name):
            back.setdefault(target, []).append(name)
    ending = _all_before(END, back)
    for name in sorted(reached - ending - {START}, key=draft.node_ids.index):
        if name in graph.edges or name in ends:
            at = ("nodes", draft.node_ids.index(name), "id")
            message = (
                f"No way leads from {name!r} to {END}: the run would go round for ever. "
                "Leave the cycle with a `loop` or a route."
            )
            draft.add(at, "cycle", message)
    return len(draft.problems) == before


def _all_before(node: str, back: Mapping[str, list[str]]) -> set[str]:
    found, waiting = {node}, [node]
    while waiting:
        new = [name for name in back.get(waiting.pop(), ()) if name not in found]
        found.update(new)
        waiting += new
    return found


def _check_fork(draft: Draft, graph: Graph, fork: Fork) -> None:
    """Check that branches keep apart until they meet, so that what follows runs once."""
    index = next(number for number, edge in draft.edges.items() if edge.from_ == fork.source)
    at: ValuePath = ("edges", index, "parallel")
    problem = _meeting_problem(graph, fork) or _write_problem(draft, fork)
    if problem:
        draft.add(at, "parallel", problem)


def _meeting_problem(graph: Graph, fork: Fork) -> str | None:
    owner: dict[str, str] = {}
    for branch in fork.branches:
        if branch.first == fork.join:
            return f"{branch.first!r} is where the other branches lead to, so it is no branch."
        if fork.source in branch.nodes:
            return (
                f"The branch {branch.first!r} leads back to {fork.source!r}. "
                "Branches must meet before anything goes back."
            )
        for name in branch.nodes:
            if name in owner:
                return (
                    f"The branches {owner[name]!r} and {branch.first!r} both lead to {name!r}, but "
                    f"not on every way. Let all ways of both lead there, or to {END}."
                )
            owner[name] = branch.first
    handler = graph.handlers.get(fork.source)
    if handler in owner:
        return f"{fork.source!r} leads into the branch {owner[handler]!r} when it fails."
    for name in graph.edges:
        for target in graph.targets(name):
            inside = owner.get(target)
            if inside and owner.get(name) != inside and name != fork.source:
                return f"{name!r} leads into the branch {inside!r} from outside."
    return None


def _write_problem(draft: Draft, fork: Fork) -> str | None:
    nodes = {node.config.id: node.config for node in draft.nodes}
    writer: dict[str, tuple[str, str]] = {}
    for branch in fork.branches:
        for name in sorted(branch.nodes & nodes.keys()):
            for field in nodes[name].state_writes():
                state_field = draft.fields.get(field)
                if state_field is None or state_field.reducer != "last":
                    continue
                other = writer.setdefault(field, (branch.first, name))
                if other[0] != branch.first:
                    return (
                        f"{other[1]!r} and {name!r} run at once and both write {field!r}. "
                        "Give the field a reducer: append, merge, sum or max."
                    )
    return None
