"""A trace as HTML for notebooks: one piece of its own, that loads nothing and runs nothing."""

from collections.abc import Iterable

from agentglass.spans.span import Span
from agentglass.spans.status import STATUS_TABLE, Status
from agentglass.spans.tree import TreeNode, build_tree

__all__ = ["MOST_SPANS", "spans_html"]

MOST_SPANS = 500
"""A notebook is no place for more."""
_MOST_CHARS = 2_000
_STYLE = "font-family:ui-monospace,monospace;font-size:12px;line-height:1.6"
_GREY = "color:#888"
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def spans_html(spans: Iterable[Span]) -> str:
    """Return the spans of a trace as a tree that opens and closes.

    Args:
        spans: All of them; what is behind the first 500 of the tree is counted and not shown.
    """
    tree = build_tree(spans)
    pieces = [f'<div style="{_STYLE}">']
    open_depths: list[int] = []
    shown = total = 0
    for depth, node in tree.walk():
        total += 1
        if shown == MOST_SPANS:
            continue
        while open_depths and open_depths[-1] >= depth:
            open_depths.pop()
            pieces.append("</details>")
        pieces.append(_node(node, is_open=depth < 2))
        open_depths.append(depth)
        shown += 1
    pieces.append("</details>" * len(open_depths))
    if total > shown:
        pieces.append(f'<div style="{_GREY}">and {total - shown:,} more spans</div>')
    return "".join([*pieces, "</div>"])


def _node(node: TreeNode, *, is_open: bool) -> str:
    span = node.span
    indent = "margin-left:1.2em"
    line = (
        f'<summary><b>{_escape(span.name)}</b> <span style="{_GREY}">{_escape(span.type)}</span>'
        f' <span style="color:{_colour(span.status)}">{_escape(span.status)}</span>'
        f' <span style="{_GREY}">{_figures(span)}</span></summary>'
    )
    contents = [
        f'<div style="{indent};white-space:pre-wrap"><span style="{_GREY}">{name}</span> '
        f"{_escape(_cut(value))}</div>"
        for name, value in (
            ("input", span.input),
            ("output", span.output),
            ("error", span.error and f"{span.error.type}: {span.error.message}"),
        )
        if value is not None
    ]
    return f'<details style="{indent}"{" open" * is_open}>{line}{"".join(contents)}'


def _figures(span: Span) -> str:
    parts = []
    if span.duration_ns is not None:
        parts.append(f"{span.duration_ns / 1e6:,.1f} ms")
    if span.usage is not None and span.usage.total_tokens is not None:
        parts.append(f"{span.usage.input_tokens:,}→{span.usage.output_tokens:,} tok")
    if span.cost is not None:
        parts.append(f"${span.cost.total_usd:.6f}")
    return _escape("  ".join(parts))


def _colour(status: Status) -> str:
    if STATUS_TABLE[status].is_error:
        return "#c62828"
    return "#2e7d32" if status in (Status.OK, Status.CACHED) else "#b26a00"


def _cut(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _MOST_CHARS else f"{text[:_MOST_CHARS]}…"


def _escape(text: str) -> str:
    return text.translate(_ESCAPES)
