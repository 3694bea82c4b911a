"""`agentglass stats`: how steps, workflows and models did over many runs."""

from typing import Annotated, Any

import typer

from agentglass.cli.figures import parse_since
from agentglass.cli.stores import Stores
from agentglass.cli.terminal import print_json
from agentglass.errors import OptionError, did_you_mean
from agentglass.plugins import load_object
from agentglass.store.histogram import StepFigures, add_figures
from agentglass.store.shares import By

__all__ = ["stats"]

_BY: dict[str, By] = {"node": "node", "workflow": "workflow", "model": "model"}


def stats(
    by: Annotated[
        str, typer.Option("--by", help="What to tell apart: node, workflow or model.")
    ] = "node",
    since: Annotated[
        str | None,
        typer.Option("--since", help="Only since this hour: 2h, 7d, or a date."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Show count, errors, durations (p50, p95, p99) and cost; the most expensive first."""
    if by not in _BY:
        raise OptionError(f"Unknown --by {by!r}.{did_you_mean(by, _BY)} Known: {', '.join(_BY)}.")
    since_ns = None if since is None else parse_since(since)
    stores = Stores()
    parts = [part for store in stores.readable for part in store.figures(_BY[by], since_ns)]
    figures = sorted(add_figures(parts), key=_order)
    if as_json:
        print_json([_record(each) for each in figures])
    else:
        print_table = load_object("agentglass.cli.stats_table:print_figures", feature="stats")
        print_table(figures, by)
    if stores.problems:
        raise stores.problems[0]


def _order(each: StepFigures) -> tuple[int, int, str, str]:
    return (-each.cost_pico_usd, -each.count, each.workflow, each.name)


def _record(each: StepFigures) -> dict[str, Any]:
    return {
        "workflow": each.workflow or None,
        "name": each.name,
        "type": each.type,
        "count": each.count,
        "errors": each.errors,
        "p50_ms": each.percentile_ns(0.5) / 1e6,
        "p95_ms": each.percentile_ns(0.95) / 1e6,
        "p99_ms": each.percentile_ns(0.99) / 1e6,
        "cost_usd": None if each.cost_usd is None else float(each.cost_usd),
        "partial_cost_usd": float(each.known_cost_usd),
        "unpriced_calls": each.unpriced_calls,
    }
