"""`agentglass tail`: spans as they end."""

from typing import Annotated

import typer

from agentglass.cli.stores import Stores
from agentglass.plugins import load_object

__all__ = ["tail"]


def tail(
    run: Annotated[
        str | None,
        typer.Argument(help="`last`, a run id or its beginning; all runs when not given."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line for a script.")
    ] = False,
) -> None:
    """Print the spans of a run as they end, until it ends; without RUN those of all runs."""
    follow_and_print = load_object("agentglass.cli.following:follow_and_print", feature="tail")
    try:
        stores = Stores()
        trace_id = None if run is None else stores.find(run).summary.trace_id
        follow_and_print(stores, trace_id, as_json=as_json)
    except KeyboardInterrupt:
        raise typer.Exit from None
