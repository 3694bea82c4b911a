"""`agentglass sinks`: how the destinations of the record stand."""

from typing import Annotated, Any

import typer

from agentglass.cli.stores import StoredSink, Stores
from agentglass.cli.terminal import print_json, print_text
from agentglass.plugins import load_object

__all__ = ["sinks"]


def sinks(
    sink: Annotated[
        str | None, typer.Option("--sink", "-s", help="Only this one: its name or its target.")
    ] = None,
    retry_dead: Annotated[
        bool, typer.Option("--retry-dead", help="Queue the dead letters again.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Show what waits for each sink, since when, its last error, and what it will never take."""
    stores = Stores()
    found = stores.sinks(sink)
    if retry_dead:
        queued = sum(each.store.retry_dead(each.state.id) for each in found)
        if as_json:
            print_json({"queued_again": queued})
        else:
            print_text(f"{queued:,} dead letters wait again. Send them with: agentglass push")
    elif as_json:
        print_json([_record(each) for each in found])
    else:
        print_sinks = load_object("agentglass.cli.sinks_table:print_sinks", feature="sinks")
        print_sinks(found)
    if stores.problems:
        raise stores.problems[0]


def _record(each: StoredSink) -> dict[str, Any]:
    state = each.state
    letters = each.store.dead_letters(state.id) if state.dead else []
    return {
        "kind": state.address.kind,
        "target": state.address.target or None,
        "pending": state.pending,
        "sent": state.sent,
        "dead": state.dead,
        "attempts": state.attempts,
        "lag_s": None if each.lag_ns is None else each.lag_ns / 1e9,
        "last_error": state.last_error,
        "last_error_ns": state.last_error_ns,
        "dead_letters": [
            {"run_id": letter.run_id, "trace_id": letter.trace_id, "reason": letter.reason}
            for letter in letters
        ],
        "store": each.store.path,
    }
