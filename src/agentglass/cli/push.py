"""`agentglass push`: send what waits for the sinks."""

from typing import Annotated

import typer

from agentglass.cli.stores import Stores
from agentglass.plugins import load_object

__all__ = ["push"]


def push(
    sink: Annotated[
        str | None, typer.Option("--sink", "-s", help="Only to this one: its name or its target.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Try once, and leave what fails for later.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Send what programs recorded and their sinks have not got, until nothing waits any more.

    Exits with 1 when something still waits, or was refused for good.
    """
    push_and_print = load_object("agentglass.cli.pushing:push_and_print", feature="push")
    stores = Stores()
    try:
        is_done = push_and_print(stores.sinks(sink), once=once, as_json=as_json)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if stores.problems:
        raise stores.problems[0]
    raise typer.Exit(0 if is_done else 1)
