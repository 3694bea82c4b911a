"""The table of the topology suite: small programs and the exact tree that each must leave."""

import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from agentglass.spans import Span, TreeNode, build_tree

__all__ = ["TABLE", "Program", "outline_of", "program"]


@dataclass(frozen=True)
class Program:
    """One row."""

    run: Callable[[], object]
    tree: str
    is_script: bool
    """Whether it runs as a process of its own, with a store on disk."""

    @property
    def name(self) -> str:
        return self.run.__name__

    @property
    def shows(self) -> str:
        return " ".join((self.run.__doc__ or "").split())


TABLE: dict[str, Program] = {}


def program(tree: str, *, is_script: bool = False) -> Callable[[Callable[[], object]], object]:
    """Enter a function into the table.

    Args:
        tree: Its traces, one line a span: name, type, status.
        is_script: Run it as a process of its own.
    """

    def enter(run: Callable[[], object]) -> object:
        assert run.__name__ not in TABLE
        TABLE[run.__name__] = Program(run, textwrap.dedent(tree).strip(), is_script)
        return run

    return enter


def outline_of(traces: Iterable[Iterable[Span]]) -> str:
    """Return traces as indented text; siblings by name, because they may start in any order."""
    lines: list[tuple[str, ...]] = []
    for spans in traces:
        lines += [tuple(_lines(root, 0)) for root in build_tree(spans).roots]
    return "\n".join(line for tree in sorted(lines) for line in tree)


def _lines(node: TreeNode, depth: int) -> list[str]:
    span = node.span
    below = sorted(_lines(child, depth + 1) for child in node.children)
    own = f"{'  ' * depth}{span.name} {span.type} {span.status}"
    return [own, *(line for child in below for line in child)]
