"""A run as a tree for the terminal: durations, tokens, cost, status, and errors where they are."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from agentglass.cli.figures import (
    format_cost,
    format_duration,
    format_time,
    format_tokens,
    format_total_cost,
)
from agentglass.spans import Span, Status, Trace, TraceSummary, TreeNode, names

__all__ = ["status_colour", "tree_lines"]

_COLOURS = {
    Status.OK: "green",
    Status.CACHED: "cyan",
    Status.RUNNING: "yellow",
    Status.DEGRADED: "yellow",
    Status.INTERRUPTED: "yellow",
}
_PREVIEW_CHARACTERS = 300
_STACK_LINES = 40
_OUR_NAMESPACES = ("agentglass.", "gen_ai.")


@dataclass(frozen=True, slots=True)
class _Row:
    """One span, before the columns are aligned."""

    branch: str
    """The lines of the tree before the name."""
    lead: str
    """The same for what stands below it."""
    node: TreeNode

    @property
    def span(self) -> Span:
        """The span itself."""
        return self.node.span


def tree_lines(trace: Trace, *, verbose: bool = False, now_ns: int | None = None) -> Iterator[Text]:
    """Yield the lines of a run; the last one says whether the record is complete.

    Args:
        trace: The run.
        verbose: Show inputs, outputs and stack traces too.
        now_ns: Show how long what is open has been running by then; None leaves it open.
    """
    yield from _heading(trace, now_ns)
    rows = list(_rows(trace))
    width = max((len(row.branch) + len(row.span.name) for row in rows), default=0)
    kind_width = max((len(row.span.type) for row in rows), default=0)
    for row in rows:
        yield _span_line(row, width, kind_width, now_ns)
        yield from _details(row, verbose)
    yield _verdict(trace)


def _heading(trace: Trace, now_ns: int | None) -> Iterator[Text]:
    run = trace.summary
    line = Text(run.name, style="bold")
    line.append(f"  {run.status}", style=status_colour(run.status))
    parts = [
        _duration(run, now_ns),
        f"{run.totals.llm_calls} model call{'s' * (run.totals.llm_calls != 1)}"
        if run.totals.llm_calls
        else "",
        format_tokens(run.totals.usage),
        format_total_cost(run.totals),
    ]
    line.append("".join(f"  {part}" for part in parts if part))
    yield line
    tags = "  ".join(f"{name}={value}" for name, value in sorted(run.tags.items()))
    yield Text(
        f"run {run.run_id}  {format_time(run.start_ns)}  level {run.level}"
        + (f"  {tags}" if tags else ""),
        style="dim",
    )
    if run.totals.unpriced_models:
        models = ", ".join(run.totals.unpriced_models)
        yield Text(f"cost unknown for: {models}", style="yellow")


def _rows(trace: Trace) -> Iterator[_Row]:
    stack = _siblings(trace.tree.roots, "")
    while stack:
        row = stack.pop()
        yield row
        stack.extend(_siblings(row.node.children, row.lead))


def _siblings(nodes: list[TreeNode], lead: str) -> list[_Row]:
    """Return the rows of nodes that share a parent, the last one first."""
    rows = [_Row(f"{lead}├─ ", f"{lead}│  ", node) for node in nodes]
    if rows:
        rows[-1] = _Row(f"{lead}└─ ", f"{lead}   ", nodes[-1])
    return rows[::-1]


def _span_line(row: _Row, width: int, kind_width: int, now_ns: int | None) -> Text:
    span = row.span
    line = Text(row.branch, style="dim")
    line.append(span.name.replace("\n", " "), style="bold" if span.parent_id is None else "")
    line.append(" " * (width - len(row.branch) - len(span.name)))
    line.append(f"  {span.type:<{kind_width}}", style="dim")
    line.append(f"  {_duration(span, now_ns):>9}")
    line.append(f"  {span.status}", style=status_colour(span.status))
    figures = [
        format_tokens(span.usage) if span.usage else "",
        format_cost(span.cost.total_usd) if span.cost else "",
        _retries(span.attributes.get(names.CALL_RETRIES)),
        "truncated" if names.TRUNCATED in span.attributes else "",
    ]
    line.append("".join(f"  {figure}" for figure in figures if figure))
    return line


def _duration(timed: Span | TraceSummary, now_ns: int | None) -> str:
    if timed.end_ns is None and now_ns is not None:
        return format_duration(now_ns - timed.start_ns)
    return format_duration(timed.duration_ns)


def _details(row: _Row, verbose: bool) -> Iterator[Text]:
    span = row.span
    lead = f"{row.lead}{'│' if row.node.children else ' '}     "
    if verbose:
        for label, value in (("in ", span.input), ("out", span.output)):
            if value is not None:
                yield Text(f"{lead}{label} {_preview(value)}", style="dim")
        if own := _own_attributes(span):
            yield Text(f"{lead}set {_preview(own)}", style="dim")
        for event in span.events:
            yield Text(f"{lead}event {event.name} {_preview(dict(event.attributes))}", style="dim")
    if span.error is None or _is_told_below(row.node):
        return
    message = span.error.message.strip().splitlines() or [""]
    yield Text(f"{lead}{span.error.type}: {message[0]}", style="red")
    if verbose and span.error.stacktrace:
        for line in span.error.stacktrace.rstrip().splitlines()[-_STACK_LINES:]:
            yield Text(f"{lead}  {line}", style="dim red")


def _own_attributes(span: Span) -> dict[str, Any]:
    """Return what the workflow or the program itself said about the step."""
    return {
        name: value
        for name, value in span.attributes.items()
        if not name.startswith(_OUR_NAMESPACES)
    }


def _retries(count: Any) -> str:
    return f"{count} retr{'y' if count == 1 else 'ies'}" if count else ""


def _is_told_below(node: TreeNode) -> bool:
    """Tell whether a child failed with the same error: it is shown where it happened."""
    error = node.span.error
    below = [child.span.error for child in node.children if child.span.error is not None]
    return any(error and (e.type, e.message) == (error.type, error.message) for e in below)


def _verdict(trace: Trace) -> Text:
    completeness = trace.completeness
    count = len(trace.spans)
    if completeness.is_complete:
        return Text(f"complete: all {count} spans are recorded", style="green")
    return Text(f"incomplete: {'; '.join(completeness.reasons)}", style="yellow")


def _preview(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    if len(text) <= _PREVIEW_CHARACTERS:
        return text
    return f"{text[:_PREVIEW_CHARACTERS]}… ({len(text):,} characters)"


def status_colour(status: Status) -> str:
    """Return the colour of a status in the terminal."""
    return _COLOURS.get(status, "red")
