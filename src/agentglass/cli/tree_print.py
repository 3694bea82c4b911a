"""Printing a run's tree: in colour on a terminal, plain in a pipe."""

from rich.console import Console
from rich.text import Text

from agentglass.cli.terminal import visible
from agentglass.cli.tree_view import tree_lines
from agentglass.spans import Trace

__all__ = ["print_tree", "safe_line"]


def print_tree(trace: Trace, *, verbose: bool = False, console: Console | None = None) -> None:
    """Print a run as a tree; on stdout, if nothing else is said."""
    console = console or Console(highlight=False, soft_wrap=True)
    for line in tree_lines(trace, verbose=verbose):
        console.print(safe_line(line))


def safe_line(line: Text) -> Text:
    """Escape control characters in a line of a tree."""
    line.plain = visible(line.plain)
    return line
