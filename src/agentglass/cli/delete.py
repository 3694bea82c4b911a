"""`agentglass delete`: runs, with all that was recorded of them."""

from typing import Annotated

import typer

from agentglass.cli.figures import parse_since
from agentglass.cli.stores import Stores
from agentglass.cli.terminal import complain, confirm, print_json, print_text
from agentglass.errors import OptionError
from agentglass.plugins import load_object
from agentglass.spans import Status, TraceFilter, TraceSummary
from agentglass.store.home import STATE_NAME, resolve_home

__all__ = ["delete"]

_ALL = 2**31


def delete(
    run: Annotated[
        list[str] | None, typer.Argument(help="Run ids or their beginnings, `last`, trace ids.")
    ] = None,
    user: Annotated[str | None, typer.Option("--user", help="Runs of this user.")] = None,
    session: Annotated[str | None, typer.Option("--session", help="Runs of this session.")] = None,
    older_than: Annotated[
        str | None, typer.Option("--older-than", help="Runs before: 30d, 12w, or a date.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Delete runs: those that are named, or all that match every option. Running ones stay."""
    query = TraceFilter(
        user_id=user,
        session_id=session,
        until_ns=None if older_than is None else parse_since(older_than, "--older-than"),
    )
    has_query = query != TraceFilter()
    if bool(run) == has_query:
        raise OptionError("Name the runs, or select them by --user, --session or --older-than.")
    stores = Stores()
    named = [stores.find(ref).summary for ref in dict.fromkeys(run or ())]
    found = named or stores.latest(query, _ALL)
    ended = {each.trace_id: each for each in found if each.status != Status.RUNNING}
    running = len({each.trace_id for each in found} - ended.keys())
    if ended and not yes:
        confirm(_question(list(ended.values())), "--yes")
    for store in stores.readable:
        store.delete(ended)
    if (resolve_home() / STATE_NAME).exists():
        forget_runs = load_object(
            "agentglass.workflow.state_db.forget:forget_runs", feature="delete"
        )
        forget_runs(ended)
    if as_json:
        print_json({"deleted": len(ended), "still_running": running})
    else:
        print_text(f"{len(ended)} run{'s' * (len(ended) != 1)} deleted.")
    if running:
        complain(f"{running} of them still running: left as they are.")
    if stores.problems:
        raise stores.problems[0]


def _question(runs: list[TraceSummary]) -> str:
    spans = sum(each.totals.spans for each in runs)
    return f"Delete {len(runs)} run{'s' * (len(runs) != 1)} with {spans:,} spans?"
