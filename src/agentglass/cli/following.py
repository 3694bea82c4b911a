"""What `agentglass tail` does: look into the stores again and again, print what has ended."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress

from rich.console import Console
from rich.text import Text

from agentglass.cli.figures import format_cost, format_duration, format_time, format_tokens
from agentglass.cli.records import span_record
from agentglass.cli.stores import Stores
from agentglass.cli.terminal import complain, is_interactive, is_read, print_text, visible
from agentglass.cli.tree_view import status_colour
from agentglass.errors import StoreError
from agentglass.redact import normalise
from agentglass.spans import Span
from agentglass.store import SQLiteStore
from agentglass.store.follow import Follower

__all__ = ["ended_line", "follow_and_print"]

_POLL_S = 0.25


def follow_and_print(stores: Stores, trace_id: str | None, *, as_json: bool) -> None:
    """Print spans as they end.

    Args:
        stores: Where to look; a store that comes into being later is looked at too.
        trace_id: The run to follow, until it ends; None follows all, without an end.
        as_json: Print one JSON object a line.
    """
    if trace_id is None and is_interactive():
        complain("Waiting for spans to end; Ctrl-C ends this.")
    console = Console(highlight=False, soft_wrap=True)
    for span in _follow(stores, trace_id):
        if as_json:
            record = {"trace_id": span.trace_id, **span_record(span)}
            print_text(json.dumps(normalise(record), ensure_ascii=False))
        else:
            console.print(ended_line(span))


def _follow(stores: Stores, trace_id: str | None) -> Iterator[Span]:
    since_ns = time.time_ns()
    followers: dict[SQLiteStore, Follower] = {}
    is_over = False
    while not is_over and is_read():
        stores.look()
        for store in stores.readable:
            follower = followers.setdefault(store, store.follow())
            with suppress(StoreError):
                store.bury_dead()
            for each in [trace_id] if trace_id else follower.active(since_ns):
                spans, has_ended = follower.ended(each)
                is_over = is_over or (has_ended and each == trace_id)
                yield from spans
        if not is_over:
            time.sleep(_POLL_S)


def ended_line(span: Span) -> Text:
    """Return what is printed of a span that has ended."""
    assert span.end_ns is not None
    line = Text(f"{format_time(span.end_ns)[11:]}  {span.trace_id[:8]}", style="dim")
    line.append(f"  {span.status:<11}", style=status_colour(span.status))
    line.append(f"  {format_duration(span.duration_ns):>9}")
    line.append(f"  {span.type:<9}", style="dim")
    line.append(f"  {visible(span.name)}", style="bold" if span.is_root else "")
    figures = [
        format_tokens(span.usage) if span.usage else "",
        format_cost(span.cost.total_usd) if span.cost else "",
        visible(f"{span.error.type}: {span.error.message}") if span.error else "",
    ]
    line.append("".join(f"  {figure}" for figure in figures if figure))
    return line
