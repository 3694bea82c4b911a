"""Sinks as a table for the terminal."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agentglass.cli.figures import format_duration
from agentglass.cli.stores import StoredSink
from agentglass.cli.terminal import visible

__all__ = ["print_sinks"]

_PIPE_WIDTH = 160
_MOST_LETTERS = 20


def print_sinks(sinks: list[StoredSink]) -> None:
    """Print one line a sink, and below what they will never take."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PIPE_WIDTH)
    if not sinks:
        console.print("No sinks. A program names its own: agentglass.configure(sinks=[...])")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("SINK", "TARGET"):
        table.add_column(heading, no_wrap=True)
    for heading in ("SENT", "PENDING", "LAG", "ATTEMPTS", "DEAD"):
        table.add_column(heading, no_wrap=True, justify="right")
    table.add_column("LAST ERROR")
    for each in sinks:
        table.add_row(*map(Text, _row(each)))
    console.print(table)
    for each in sinks:
        _print_letters(console, each)


def _row(each: StoredSink) -> list[str]:
    state = each.state
    return [
        visible(state.address.kind),
        visible(state.address.target),
        f"{state.sent:,}",
        f"{state.pending:,}",
        "" if each.lag_ns is None else format_duration(each.lag_ns),
        f"{state.attempts:,}" if state.attempts else "",
        f"{state.dead:,}" if state.dead else "",
        visible(state.last_error or ""),
    ]


def _print_letters(console: Console, each: StoredSink) -> None:
    if not each.state.dead:
        return
    letters = each.store.dead_letters(each.state.id)
    name = visible(f"{each.state.address.kind} {each.state.address.target}".strip())
    console.print(f"\nDead letters of {name}:", markup=False)
    for letter in letters[:_MOST_LETTERS]:
        console.print(f"  {letter.run_id[:8]}  {visible(letter.reason)}", markup=False)
    if len(letters) > _MOST_LETTERS:
        console.print(f"  and {len(letters) - _MOST_LETTERS:,} more: agentglass sinks --json")
