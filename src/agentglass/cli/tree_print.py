"""Printing a run's tree: in colour on a terminal, plain in a pipe."""

from rich.console import Console

from agentglass.cli.terminal import visible
from agentglass.cli.tree_view import tree_lines
from agentglass.spans import Trace

__all__ = ["print_tree"]


def print_tree(trace: Trace, *, verbose: bool = False) -> None:
    """Print a run as a tree."""
    console = Console(highlight=False, soft_wrap=True)
    for line in tree_lines(trace, verbose=verbose):
        line.plain = visible(line.plain)
        console.print(line)
