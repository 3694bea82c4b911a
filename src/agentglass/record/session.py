"""Sessions: traces that belong together, as those of one conversation."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from agentglass.record.context import Context, current_context, leave
from agentglass.record.default import current_recorder
from agentglass.record.live import LiveSpan

__all__ = ["get_session_id", "session"]


@contextmanager
def session(id: str | None = None) -> Iterator[str]:
    """Group the traces that start in the block; gives the id of the session.

    A run that is active already and has no session takes this one.

    Args:
        id: What the session is called; None goes on with the active one, or makes a new id.
    """
    above = current_context.get()
    session_id = id or get_session_id() or str(uuid.uuid4())
    if above is None:
        context = Context(None, session_id, current_recorder(), None)
    else:
        context = above._replace(session_id=session_id)
        if isinstance(above.span, LiveSpan) and above.span.trace.session_id is None:
            above.span.trace.session_id = session_id
    token = current_context.set(context)
    try:
        yield session_id
    finally:
        leave(token)


def get_session_id() -> str | None:
    """Return the id of the session that is active here; None outside of any."""
    context = current_context.get()
    return None if context is None else context.session_id
