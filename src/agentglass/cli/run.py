"""`agentglass run`: one workflow, once."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agentglass.cli.terminal import print_json
from agentglass.errors import AgentglassError, OptionError
from agentglass.plugins import load_object
from agentglass.record import check_level

__all__ = ["Format", "OutputFormat", "exit_after", "parse_pairs", "run"]

_FEATURE = "agentglass run"


class OutputFormat(StrEnum):
    """What `run` prints."""

    TEXT = "text"
    JSON = "json"


Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", "-i", metavar="KEY=VALUE", help="An input; may be repeated."),
]
Format = Annotated[
    OutputFormat, typer.Option("--output-format", help="The result alone, or all figures.")
]
Model = Annotated[
    str | None,
    typer.Option("--model", metavar="PROVIDER/MODEL", help="Use this model in all llm nodes."),
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="KEY=VALUE", help="Find the run by it; may be repeated."),
]
Durable = Annotated[
    bool | None,
    typer.Option(
        "--durable/--no-durable", help="Whether `agentglass resume` can go on with the run."
    ),
]


def run(
    file: Annotated[Path, typer.Argument(help="The workflow, YAML or JSON.")],
    inputs: Inputs = None,
    output_format: Format = OutputFormat.TEXT,
    trace: Annotated[
        bool, typer.Option("--trace", help="Also write a debug file with every step.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Show the steps while they run.")] = False,
    level: Annotated[
        str | None, typer.Option("--level", help="What is recorded: off, metrics or trace.")
    ] = None,
    model: Model = None,
    session: Annotated[
        str | None, typer.Option("--session", help="Group this run with others.")
    ] = None,
    tags: Tags = None,
    durable: Durable = None,
) -> None:
    """Run a workflow, record every step, and print the result."""

    def work() -> int:
        run_and_print = load_object("agentglass.cli.running:run_and_print", feature=_FEATURE)
        status: int = run_and_print(
            file,
            parse_pairs(inputs, "--input"),
            as_json=output_format is OutputFormat.JSON,
            debug_file=trace,
            watch=watch,
            level=_checked_level(level, trace=trace),
            model=model,
            session_id=session,
            tags=parse_pairs(tags, "--tag"),
            durable=durable,
        )
        return status

    exit_after(work, output_format)


def exit_after(work: Callable[[], int], output_format: OutputFormat) -> None:
    """Do the work and exit with its code; what kept it from beginning is told as JSON if wanted."""
    try:
        status = work()
    except AgentglassError as error:
        if output_format is not OutputFormat.JSON:
            raise
        envelope = load_object("agentglass.workflow.envelope:failure_envelope", feature=_FEATURE)
        print_json(envelope(error))
        status = error.exit_code
    raise typer.Exit(status)


def _checked_level(level: str | None, *, trace: bool) -> str | None:
    """Return the level that the options ask for; None leaves it to the environment and the file."""
    if level is None:
        return "trace" if trace else None
    if check_level(level) != "trace" and trace:
        raise OptionError(f"--trace needs the level 'trace', and --level is {level!r}.")
    return level


def parse_pairs(pairs: list[str] | None, option: str) -> dict[str, str]:
    """Read `key=value` texts.

    Raises:
        OptionError: One of them has no `=` or no key.
    """
    parsed: dict[str, str] = {}
    for pair in pairs or ():
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise OptionError(f"{option} is {pair!r}. Expected KEY=VALUE, as in topic=glass.")
        parsed[key.strip()] = value
    return parsed
