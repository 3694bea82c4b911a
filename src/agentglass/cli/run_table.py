"""Runs as a table for the terminal."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agentglass.cli.figures import (
    format_duration,
    format_time,
    format_tokens,
    format_total_cost,
)
from agentglass.cli.terminal import short
from agentglass.cli.tree_view import status_colour
from agentglass.spans import TraceSummary

__all__ = ["print_runs"]

_PIPE_WIDTH = 160


def print_runs(runs: list[TraceSummary]) -> None:
    """Print one line a run, or where runs come from when there are none."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PIPE_WIDTH)
    if not runs:
        console.print("No runs. Make one with: agentglass run FILE")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("RUN", "WORKFLOW", "STATUS", "STARTED"):
        table.add_column(heading, no_wrap=True)
    for heading in ("DURATION", "SPANS", "TOKENS", "COST"):
        table.add_column(heading, no_wrap=True, justify="right")
    for run in runs:
        table.add_row(
            run.run_id[:8],
            Text(short(run.workflow)),
            Text(run.status, style=status_colour(run.status)),
            format_time(run.start_ns),
            format_duration(run.duration_ns),
            str(run.totals.spans),
            format_tokens(run.totals.usage),
            format_total_cost(run.totals),
        )
    console.print(table)
