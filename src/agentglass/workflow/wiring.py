"""Which node the graph runs after which, once branches that run at once wait for each other."""

from collections.abc import Iterable

from agentglass.workflow.edges import END, EdgeConfig, ParallelItems
from agentglass.workflow.graph import Branch, Fork, Graph

__all__ = ["Wiring"]


class Wiring:
    """The edges of a graph as LangGraph is to be told them.

    Where branches meet, a node that only passes on waits for the last node of each branch. A branch
    with several last nodes, or one that decides by itself where to go, gets such a node as its end.

    Args:
        graph: What the workflow says.
        forks: Where its branches are, the innermost first.
    """

    def __init__(self, graph: Graph, forks: Iterable[Fork]) -> None:
        self._graph = graph
        self.static: dict[str, list[str]] = {}
        """Node -> the nodes that always come next."""
        self.detours: dict[tuple[str, str], str] = {}
        """A node that decides, and where it wants to go -> where it must go instead."""
        self.barriers: list[tuple[list[str], str]] = []
        """The nodes that are waited for -> the one that waits."""
        self.passes: list[str] = []
        """Nodes that only pass on."""
        for name in graph.edges:
            if not self.decides(name):
                self.static[name] = list(_always(graph.edges[name]))
        for fork in forks:
            if fork.join != END:
                self._join(fork)

    def decides(self, name: str) -> bool:
        """Tell whether a node says at run time where to go."""
        edge = self._graph.edges.get(name)
        return name in self._graph.handlers or (
            edge is not None and (edge.routes is not None or edge.loop is not None)
        )

    def way(self, source: str, target: str) -> str:
        """Return where a node goes that decides to go to another."""
        return self.detours.get((source, target), target)

    def _join(self, fork: Fork) -> None:
        meeting = f"{fork.source}~meet"
        lasts = [self._last_of(fork, branch) for branch in fork.branches]
        self.passes.append(meeting)
        self.barriers.append((lasts, meeting))
        self.static[meeting] = [fork.join]

    def _last_of(self, fork: Fork, branch: Branch) -> str:
        """Return the one node after which a branch is over, and cut its edge to where they meet."""
        inside = {*branch.nodes, *(f"{name}~meet" for name in branch.nodes)}
        ways = [name for name in self.static if name in inside and fork.join in self.static[name]]
        deciding = [
            name
            for name in branch.nodes
            if self.decides(name) and fork.join in self._graph.targets(name)
        ]
        if len(ways) == 1 and not deciding and self.static[ways[0]] == [fork.join]:
            self.static[ways[0]] = []
            return ways[0]
        last = f"{fork.source}~{branch.first}"
        self.passes.append(last)
        self.static[last] = []
        for name in ways:
            self.static[name] = [last if to == fork.join else to for to in self.static[name]]
        for name in deciding:
            self.detours.setdefault((name, fork.join), last)
        return last


def _always(edge: EdgeConfig) -> tuple[str, ...]:
    if isinstance(edge.parallel, ParallelItems):
        return (edge.parallel.target_node,)
    return edge.targets()
