"""A trace as indented text: what tests compare and logs can hold."""

from collections.abc import Iterable

from agentglass.spans.span import Span
from agentglass.spans.tree import build_tree

__all__ = ["outline"]


def outline(spans: Iterable[Span]) -> str:
    """Return one line a span, `name type status`, two spaces deeper for each generation."""
    return "\n".join(
        f"{'  ' * depth}{node.span.name} {node.span.type} {node.span.status}"
        for depth, node in build_tree(spans).walk()
    )
