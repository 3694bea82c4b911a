"""`agentglass export`: a run as a file for others."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agentglass.cli.stores import Stores
from agentglass.plugins import load_object

__all__ = ["ExportFormat", "export"]


class ExportFormat(StrEnum):
    """What a run can be written as."""

    TRACE_RUN = "trace-run"
    JSONL = "jsonl"


def export(
    run: Annotated[
        str, typer.Argument(help="`last`, a run id or the beginning of one, or a trace id.")
    ] = "last",
    form: Annotated[
        ExportFormat,
        typer.Option("--format", help="One JSON object, or a line for the run and each step."),
    ] = ExportFormat.TRACE_RUN,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The file to write; - prints the run.")
    ] = Path("-"),
    indent: Annotated[
        int | None, typer.Option("--indent", min=0, max=16, help="Spaces for each level.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file if it is there.")
    ] = False,
) -> None:
    """Write a run as a list of typed steps: what `agentglass import` and other programs read."""
    write = load_object("agentglass.cli.run_files:write_file", feature="agentglass export")
    write(Stores().find(run), output, form=form.value, indent=indent, force=force)
