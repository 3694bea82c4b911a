"""Spans to a tree, in linear time and whatever order they arrived in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from agentglass.spans.span import Span
from agentglass.spans.upsert import supersedes

__all__ = ["SpanTree", "TreeNode", "build_tree"]


@dataclass(slots=True)
class TreeNode:
    """A span and the spans below it, in order of their start."""

    span: Span
    children: list["TreeNode"] = field(default_factory=list)


@dataclass(slots=True)
class SpanTree:
    """The spans of one trace, connected."""

    roots: list[TreeNode]
    """Spans without a parent, then spans whose parent is not here."""
    missing_parents: list[str]
    """Span ids that somebody names as parent and nobody is, sorted."""
    duplicates: int
    """How many spans stood for a key that another span has too."""

    def walk(self) -> Iterator[tuple[int, TreeNode]]:
        """Yield (depth, node), parents before children; needs no recursion."""
        stack = [(0, node) for node in reversed(self.roots)]
        while stack:
            depth, node = stack.pop()
            yield depth, node
            stack.extend((depth + 1, child) for child in reversed(node.children))


def build_tree(spans: Iterable[Span]) -> SpanTree:
    """Connect spans of one trace.

    A key that occurs twice is kept once, by the rule of the store. A span whose parent is missing
    becomes a root; a circle of parents is broken at its earliest span.
    """
    nodes: dict[str, TreeNode] = {}
    duplicates = 0
    for span in spans:
        node = nodes.get(span.span_id)
        if node is None:
            nodes[span.span_id] = TreeNode(span)
            continue
        duplicates += 1
        if supersedes(span, node.span):
            node.span = span
    ordered = sorted(nodes.values(), key=_start_order)
    missing: set[str] = set()
    roots: list[TreeNode] = []
    orphans: list[TreeNode] = []
    for node in ordered:
        parent_id = node.span.parent_id
        if parent_id is None:
            roots.append(node)
        elif parent_id in nodes:
            nodes[parent_id].children.append(node)
        else:
            missing.add(parent_id)
            orphans.append(node)
    tree = SpanTree(roots + orphans, sorted(missing), duplicates)
    _break_circles(tree, ordered, nodes)
    return tree


def _start_order(node: TreeNode) -> tuple[int, int, str]:
    return (node.span.start_ns, node.span.seq, node.span.span_id)


def _break_circles(tree: SpanTree, ordered: list[TreeNode], nodes: dict[str, TreeNode]) -> None:
    reached = {node.span.span_id for _, node in tree.walk()}
    if len(reached) == len(ordered):
        return
    for node in ordered:
        if node.span.span_id in reached:
            continue
        first = min(_circle_above(node, nodes), key=_start_order)
        parent = nodes[first.span.parent_id or ""]
        parent.children = [child for child in parent.children if child is not first]
        tree.roots.append(first)
        below = SpanTree([first], [], 0)
        reached.update(found.span.span_id for _, found in below.walk())


def _circle_above(node: TreeNode, nodes: dict[str, TreeNode]) -> list[TreeNode]:
    path: dict[str, TreeNode] = {}
    while node.span.span_id not in path:
        path[node.span.span_id] = node
        node = nodes[node.span.parent_id or ""]
    above = list(path.values())
    return above[above.index(node) :]
