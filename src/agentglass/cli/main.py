"""The command `agentglass`: one light module a verb, found through a table.

A verb's module holds its options and nothing heavy; what does the work is loaded by name when the
verb runs, so that `--help` stays quick and a missing library becomes a line that says what to
install.
"""

import sys
from importlib import import_module
from typing import Annotated

import typer

from agentglass.cli.terminal import accept_all_text, complain
from agentglass.errors import AgentglassError

__all__ = ["VERBS", "app", "main"]

VERBS = {
    "run": "agentglass.cli.run:run",
    "resume": "agentglass.cli.resume:resume",
    "approve": "agentglass.cli.resume:approve",
    "reject": "agentglass.cli.resume:reject",
    "validate": "agentglass.cli.validate:validate",
    "runs": "agentglass.cli.runs:runs",
    "show": "agentglass.cli.show:show",
    "tail": "agentglass.cli.tail:tail",
    "search": "agentglass.cli.search:search",
    "stats": "agentglass.cli.stats:stats",
    "export": "agentglass.cli.export:export",
    "import": "agentglass.cli.import_:import_",
    "delete": "agentglass.cli.delete:delete",
    "gc": "agentglass.cli.gc:gc",
    "backup": "agentglass.cli.backup:backup",
    "sinks": "agentglass.cli.sinks:sinks",
    "push": "agentglass.cli.push:push",
    "doctor": "agentglass.cli.doctor:doctor",
}
"""Verb -> the function that declares its options, in the order of `--help`."""

app = typer.Typer(
    name="agentglass",
    help="Run agent workflows, record every step, show what happened.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(import_module("importlib.metadata").version("agentglass"))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Run agent workflows, record every step, show what happened."""


def _register() -> None:
    for verb, target in VERBS.items():
        module, _, function = target.partition(":")
        app.command(verb)(getattr(import_module(module), function))


_register()


def main() -> None:
    """Run the command line; exits with 0, or as the status table says."""
    accept_all_text()
    try:
        app()
    except AgentglassError as error:
        complain(str(error))
        sys.exit(error.exit_code)
