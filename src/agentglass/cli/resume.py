"""`agentglass resume`, `approve`, `reject`: a run that stopped goes on."""

from typing import Annotated

import typer

from agentglass.cli.run import Format, OutputFormat, exit_after
from agentglass.errors import OptionError
from agentglass.plugins import load_object

__all__ = ["approve", "reject", "resume"]

Run = Annotated[
    str, typer.Argument(help="A run id or its beginning; `last` for the latest that can go on.")
]
Node = Annotated[
    str | None, typer.Option("--node", help="Whose question it is, where there are several.")
]
AllowChanged = Annotated[
    bool,
    typer.Option("--allow-changed", help="Go on although the file has changed since the start."),
]


def resume(
    run: Run,
    answer: Annotated[
        str | None,
        typer.Option(
            "--answer", "-a", help="To the question of the run; JSON where it is no text."
        ),
    ] = None,
    node: Node = None,
    redo: Annotated[
        list[str] | None,
        typer.Option(
            "--redo", metavar="NODE", help="Do it again though nobody knows whether it was done."
        ),
    ] = None,
    allow_changed: AllowChanged = False,
    output_format: Format = OutputFormat.TEXT,
) -> None:
    """Go on with a run: with an answer, or where its process died or a node failed."""
    if node is not None and answer is None:
        raise OptionError("--node says whose question is answered; add --answer.")
    _go_on(
        run, answer, node, output_format, redo=frozenset(redo or ()), allow_changed=allow_changed
    )


def approve(
    run: Run,
    node: Node = None,
    allow_changed: AllowChanged = False,
    output_format: Format = OutputFormat.TEXT,
) -> None:
    """Say yes to the question of a run, and go on with it."""
    _go_on(run, True, node, output_format, allow_changed=allow_changed)


def reject(
    run: Run,
    node: Node = None,
    allow_changed: AllowChanged = False,
    output_format: Format = OutputFormat.TEXT,
) -> None:
    """Say no to the question of a run, and go on with it."""
    _go_on(run, False, node, output_format, allow_changed=allow_changed)


def _go_on(
    run: str,
    answer: str | bool | None,
    node: str | None,
    output_format: OutputFormat,
    *,
    redo: frozenset[str] = frozenset(),
    allow_changed: bool,
) -> None:

    def work() -> int:
        resume_and_print = load_object(
            "agentglass.cli.resuming:resume_and_print", feature="agentglass resume"
        )
        status: int = resume_and_print(
            run,
            answer,
            node=node,
            redo=redo,
            allow_changed=allow_changed,
            as_json=output_format is OutputFormat.JSON,
        )
        return status

    exit_after(work, output_format)
