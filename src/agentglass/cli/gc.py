"""`agentglass gc`: what the store keeps no longer."""

from dataclasses import asdict
from typing import Annotated

import typer

from agentglass.cli.figures import format_bytes, parse_bytes, parse_since
from agentglass.cli.stores import Stores
from agentglass.cli.terminal import confirm, print_json, print_text
from agentglass.store.retention import Freed

__all__ = ["gc"]


def gc(
    older_than: Annotated[
        str | None, typer.Option("--older-than", help="Delete runs before: 30d, 12w, or a date.")
    ] = None,
    max_size: Annotated[
        str | None,
        typer.Option("--max-size", help="Delete the oldest runs until it holds: 500MB, 2GB."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Clean up the store: old runs where asked for, leftovers, and the room they took.

    Open runs stay. Runs that a sink has yet to get stay too, unless --max-size can only be kept
    without them.
    """
    before_ns = None if older_than is None else parse_since(older_than, "--older-than")
    max_bytes = None if max_size is None else parse_bytes(max_size)
    stores = Stores()
    if not yes and (before_ns is not None or max_bytes is not None):
        confirm("Delete old runs for good?", "--yes")
    freed = [store.clean_up(before_ns=before_ns, max_bytes=max_bytes) for store in stores.readable]
    total = Freed(**{name: sum(getattr(each, name) for each in freed) for name in asdict(Freed())})
    if as_json:
        print_json(asdict(total))
    else:
        print_text(_lines(total))
    if stores.problems:
        raise stores.problems[0]


def _lines(freed: Freed) -> str:
    parts = [f"{freed.runs:,} runs deleted"]
    if freed.undelivered_runs:
        parts.append(f"{freed.undelivered_runs:,} of them before a sink had them")
    if freed.months:
        parts.append(f"{freed.months} month{'s' * (freed.months != 1)} of the word index dropped")
    if freed.bodies:
        parts.append(f"{freed.bodies:,} unused contents removed")
    return f"{', '.join(parts)}; {format_bytes(freed.size_bytes)} freed."
