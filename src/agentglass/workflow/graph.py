"""What follows what in a workflow: edges, ways after a failure, branches and where they meet."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from agentglass.workflow.edges import END, START, EdgeConfig

__all__ = ["Branch", "Fork", "Graph", "find_forks", "linear_edges", "meeting_points"]


@dataclass(frozen=True)
class Graph:
    """The edges of a workflow, one from each node and from START; `end` nodes have none."""

    edges: Mapping[str, EdgeConfig]
    """By the node that they leave."""
    handlers: Mapping[str, str]
    """Node -> the node that takes over when it has failed."""

    def targets(self, node: str) -> tuple[str, ...]:
        """Return every node that may come right after one, and END."""
        edge = self.edges.get(node)
        named = (END,) if edge is None else edge.targets()
        handler = self.handlers.get(node)
        return named if handler is None or handler in named else (*named, handler)

    def reached_from(self, node: str, *, without: str | None = None) -> list[str]:
        """Return the nodes that a node leads to, itself first, END left out.

        Args:
            node: Where to begin.
            without: A node that is not passed.
        """
        seen = {node: None}
        waiting = [node]
        while waiting:
            for target in self.targets(waiting.pop()):
                if target not in seen and target not in (END, without):
                    seen[target] = None
                    waiting.append(target)
        return list(seen)

    def loops_left(self, node: str, target: str) -> list[str]:
        """Return the nodes whose loops are over once a node goes to a target outside of them."""
        return [
            name for name, body in self._loop_bodies.items() if node in body and target not in body
        ]

    @cached_property
    def _loop_bodies(self) -> dict[str, frozenset[str]]:
        """Node that repeats -> the nodes that lead to it without passing where its rounds begin."""
        before: dict[str, list[str]] = {}
        for node in self.edges:
            for target in self.targets(node):
                before.setdefault(target, []).append(node)
        return {
            name: frozenset(_between(edge.loop.to or name, name, before))
            for name, edge in self.edges.items()
            if edge.loop is not None
        }

    def in_order(self) -> list[str]:
        """Return the nodes that START leads to, each before its targets, ways back aside."""
        finished: list[str] = []
        seen = {START, END}
        path: list[tuple[str, Iterator[str]]] = [(START, iter(self.targets(START)[::-1]))]
        while path:
            node, targets = path[-1]
            target = next((name for name in targets if name not in seen), None)
            if target is None:
                path.pop()
                finished.append(node)
            else:
                seen.add(target)
                path.append((target, iter(self.targets(target)[::-1])))
        return finished[-2::-1]


@dataclass(frozen=True, slots=True)
class Branch:
    """What runs beside other branches."""

    first: str
    nodes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Fork:
    """Branches that begin after a node and run at once."""

    source: str
    branches: tuple[Branch, ...]
    join: str
    """The node where they meet, or END."""

    @property
    def size(self) -> int:
        """How many nodes its branches have."""
        return sum(len(branch.nodes) for branch in self.branches)


def _between(first: str, last: str, before: Mapping[str, list[str]]) -> set[str]:
    """Return the nodes from which ways lead to the last one and do not pass the first one again."""
    found, waiting = {first, last}, [last]
    while waiting:
        node = waiting.pop()
        new = [name for name in before.get(node, ()) if name not in found] if node != first else []
        found.update(new)
        waiting += new
    return found


def linear_edges(node_ids: Iterable[str]) -> list[EdgeConfig]:
    """Return the edges of nodes that run in the order in which they stand."""
    names = [START, *node_ids, END]
    return [EdgeConfig.model_validate({"from": a, "to": b}) for a, b in pairwise(names)]


def find_forks(graph: Graph) -> list[Fork]:
    """Return every place where branches begin, the innermost first."""
    sources = [
        (name, edge.parallel)
        for name, edge in graph.edges.items()
        if isinstance(edge.parallel, list)
    ]
    if not sources:
        return []
    meeting = meeting_points(graph)
    forks = []
    for name, firsts in sources:
        join = _join(firsts, meeting)
        branches = tuple(
            Branch(first, frozenset(graph.reached_from(first, without=join))) for first in firsts
        )
        forks.append(Fork(name, branches, join))
    return sorted(forks, key=lambda fork: fork.size)


def _join(firsts: Iterable[str], meeting: Mapping[str, str]) -> str:
    """Return the next node that every way from all of these nodes passes."""
    ways = [list(_from_there(first, meeting)) for first in firsts]
    return next(name for name in ways[0] if all(name in way for way in ways))


def _from_there(node: str, meeting: Mapping[str, str]) -> Iterator[str]:
    while node != END:
        yield node
        node = meeting.get(node, END)
    yield END


def meeting_points(graph: Graph) -> dict[str, str]:
    """Return for each node the next one that every way from it passes: node, END or nothing.

    The immediate post-dominators, found with the algorithm of Cooper, Harvey and Kennedy ("A simple,
    fast dominance algorithm", 2001) on the reversed graph.
    """
    nodes = [START, *graph.in_order()]
    before: dict[str, list[str]] = {}
    for node in nodes:
        for target in graph.targets(node):
            before.setdefault(target, []).append(node)
    order = _backwards(before)
    rank = {node: index for index, node in enumerate(order)}
    meets: dict[str, str] = {END: END}
    changed = True
    while changed:
        changed = False
        for node in order[1:]:
            known = [target for target in graph.targets(node) if target in meets]
            found = known[0]
            for target in known[1:]:
                found = _common(found, target, meets, rank)
            if meets.get(node) != found:
                meets[node] = found
                changed = True
    return meets


def _backwards(before: Mapping[str, list[str]]) -> list[str]:
    """Return the nodes from END on, each before those that lead to it, in reverse postorder."""
    finished: list[str] = []
    seen = {END}
    path = [(END, iter(before.get(END, ())))]
    while path:
        node, sources = path[-1]
        source = next((name for name in sources if name not in seen), None)
        if source is None:
            path.pop()
            finished.append(node)
        else:
            seen.add(source)
            path.append((source, iter(before.get(source, ()))))
    return finished[::-1]


def _common(one: str, other: str, meets: Mapping[str, str], rank: Mapping[str, int]) -> str:
    while one != other:
        while rank[one] > rank[other]:
            one = meets[one]
        while rank[other] > rank[one]:
            other = meets[other]
    return one
