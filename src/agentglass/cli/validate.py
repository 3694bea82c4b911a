"""`agentglass validate`: is this file a workflow."""

from pathlib import Path
from typing import Annotated, Any

import typer

from agentglass.cli.terminal import complain, print_json, print_text
from agentglass.errors import Problem
from agentglass.plugins import load_object

__all__ = ["validate"]


def validate(
    file: Annotated[Path, typer.Argument(help="The workflow, YAML or JSON.")],
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="PROVIDER/MODEL", help="Check with this model instead."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Say everything that is wrong with a workflow file; run nothing."""
    find = load_object(
        "agentglass.workflow.loading:validate_workflow", feature="agentglass validate"
    )
    problems: list[Problem] = find(file, model=model)
    if as_json:
        print_json({"file": str(file), "valid": not problems, "problems": _records(problems)})
    elif problems:
        complain("\n".join(str(problem) for problem in problems))
    else:
        print_text(f"{file}: valid")
    raise typer.Exit(2 if problems else 0)


def _records(problems: list[Problem]) -> list[dict[str, Any]]:
    return [
        {
            "code": problem.code,
            "message": problem.message,
            "line": problem.line,
            "column": problem.column,
            "path": problem.path,
        }
        for problem in problems
    ]
