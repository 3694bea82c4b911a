"""`agentglass runs`: what was run, latest first."""

from typing import Annotated

import typer

from agentglass.cli.figures import parse_since
from agentglass.cli.stores import Stores
from agentglass.cli.terminal import print_json
from agentglass.errors import OptionError, did_you_mean
from agentglass.plugins import load_object
from agentglass.spans import Status, TraceFilter, TraceSummary
from agentglass.store.where import check_where

__all__ = ["runs"]


def runs(
    workflow: Annotated[
        str | None, typer.Option("--workflow", "-w", help="Only runs of this workflow.")
    ] = None,
    status: Annotated[
        str | None, typer.Option("--status", help="Only runs that stand so: ok, error, running …")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Only runs since: 30m, 2h, 7d, or a date.")
    ] = None,
    where: Annotated[
        str | None,
        typer.Option("--where", help='Only runs for which this holds: "cost > 0.01 and node = x".'),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """List the runs in the store, latest first."""
    query = TraceFilter(
        workflow=workflow,
        status=None if status is None else _status(status),
        since_ns=None if since is None else parse_since(since),
        where=where,
    )
    if where is not None:
        check_where(where)
    stores = Stores()
    found = stores.latest(query, limit)
    if found or not stores.problems:
        _print(found, as_json)
    if stores.problems:
        raise stores.problems[0]


def _print(found: list[TraceSummary], as_json: bool) -> None:
    if as_json:
        record = load_object("agentglass.cli.records:run_record", feature="runs --json")
        print_json([record(run) for run in found])
        return
    print_table = load_object("agentglass.cli.run_table:print_runs", feature="runs")
    print_table(found)


def _status(text: str) -> Status:
    try:
        return Status(text.lower())
    except ValueError:
        known = [str(status) for status in Status]
        raise OptionError(
            f"Unknown status {text!r}.{did_you_mean(text, known)} Known: {', '.join(known)}."
        ) from None
