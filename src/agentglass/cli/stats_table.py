"""Figures of steps as a table for the terminal."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agentglass.cli.figures import format_cost, format_duration
from agentglass.cli.terminal import short, visible
from agentglass.store.histogram import StepFigures

__all__ = ["print_figures"]

_PIPE_WIDTH = 160


def print_figures(figures: list[StepFigures], by: str) -> None:
    """Print one line a step, workflow or model."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PIPE_WIDTH)
    if not figures:
        console.print("No figures. They come from runs: agentglass run FILE")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    if by == "node":
        table.add_column("WORKFLOW", no_wrap=True)
    for heading in (by.upper(), "TYPE"):
        table.add_column(heading, no_wrap=True)
    for heading in ("COUNT", "ERRORS", "P50", "P95", "P99", "COST"):
        table.add_column(heading, no_wrap=True, justify="right")
    for each in figures:
        table.add_row(*_row(each, by))
    console.print(table)
    unpriced = [each.name for each in figures if each.unpriced_calls]
    if by == "model" and unpriced:
        console.print(f"Cost unknown: {visible(', '.join(unpriced))}", markup=False)


def _row(each: StepFigures, by: str) -> list[Text]:
    cells = [
        *([short(each.workflow)] if by == "node" else []),
        short(each.name),
        short(each.type),
        f"{each.count:,}",
        f"{each.errors:,}" if each.errors else "",
        *(format_duration(each.percentile_ns(share)) for share in (0.5, 0.95, 0.99)),
        _cost(each),
    ]
    return [Text(cell) for cell in cells]


def _cost(each: StepFigures) -> str:
    if each.unpriced_calls:
        return f"≥ {format_cost(each.known_cost_usd)}" if each.cost_pico_usd else "$?"
    return format_cost(each.known_cost_usd) if each.cost_pico_usd else ""
