"""`agentglass show`: one run as a tree."""

import os
from pathlib import Path
from typing import Annotated

import typer

from agentglass.cli.stores import Stores
from agentglass.cli.terminal import print_json
from agentglass.plugins import load_object
from agentglass.spans import Trace

__all__ = ["show"]


def show(
    run: Annotated[
        str,
        typer.Argument(
            help="`last`, a run id or the beginning of one, a trace id, or a file of `export`."
        ),
    ] = "last",
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show inputs, outputs and stack traces too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Show a run: its steps with durations, tokens, cost, status, and errors where they happened."""
    trace = _trace_of_file(run) if _is_file(run) else Stores().find(run)
    if as_json:
        record = load_object("agentglass.cli.records:trace_record", feature="show --json")
        print_json(record(trace))
        return
    print_tree = load_object("agentglass.cli.tree_print:print_tree", feature="show")
    print_tree(trace, verbose=verbose)


def _is_file(ref: str) -> bool:
    path = Path(ref)
    return os.sep in ref or (path.suffix in (".json", ".jsonl") and path.exists())


def _trace_of_file(name: str) -> Trace:
    load = load_object("agentglass.cli.run_files:trace_of_file", feature="agentglass show FILE")
    trace: Trace = load(name)
    return trace
