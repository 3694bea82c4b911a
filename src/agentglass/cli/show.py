"""`agentglass show`: one run as a tree."""

from typing import Annotated

import typer

from agentglass.cli.stores import Stores
from agentglass.cli.terminal import print_json
from agentglass.plugins import load_object

__all__ = ["show"]


def show(
    run: Annotated[
        str, typer.Argument(help="`last`, a run id or the beginning of one, or a trace id.")
    ] = "last",
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show inputs, outputs and stack traces too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Show a run: its steps with durations, tokens, cost, status, and errors where they happened."""
    trace = Stores().find(run)
    if as_json:
        record = load_object("agentglass.cli.records:trace_record", feature="show --json")
        print_json(record(trace))
        return
    print_tree = load_object("agentglass.cli.tree_print:print_tree", feature="show")
    print_tree(trace, verbose=verbose)
