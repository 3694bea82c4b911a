"""`agentglass import`: runs of files become runs of the store."""

from typing import Annotated

import typer

from agentglass.cli.terminal import print_json, print_text
from agentglass.plugins import load_object

__all__ = ["import_"]


def import_(
    file: Annotated[
        list[str], typer.Argument(help="What `agentglass export` wrote; - reads standard input.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Put runs of files into the store; nothing is written unless all of them are sound."""
    import_files = load_object("agentglass.cli.run_files:import_files", feature="agentglass import")
    found = import_files(file)
    if as_json:
        print_json({"runs": found})
        return
    for each in found:
        steps = each["steps"]
        print_text(f"{each['file']}: run {each['run_id']}, {steps:,} step{'s' * (steps != 1)}")
