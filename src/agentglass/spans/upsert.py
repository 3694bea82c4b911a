"""The upsert rule: which of two records of one span stays."""

from agentglass.spans.span import Span

__all__ = ["supersedes"]


def supersedes(new: Span, old: Span) -> bool:
    """Tell whether `new` replaces `old` under the same key.

    Ended beats started, whatever order they arrive in; between equals the later write wins.
    """
    if (new.end_ns is None) != (old.end_ns is None):
        return new.end_ns is not None
    return new.seq >= old.seq
