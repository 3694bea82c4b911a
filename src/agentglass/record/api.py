"""The functions that a program calls: `trace`, `span`, `get_active_span`, `add_event`."""

from collections.abc import Mapping
from typing import Any

from agentglass.record.context import current_context
from agentglass.record.default import current_recorder
from agentglass.record.live import LiveSpan
from agentglass.record.noop import NOOP, NoopSpan, OffScope
from agentglass.record.recorder import Recorder, check_level
from agentglass.redact import RedactionPolicy
from agentglass.spans import Level, SpanType, TraceState, names

__all__ = ["add_event", "get_active_span", "is_off", "span", "trace"]


def span(
    name: str,
    *,
    type: str = SpanType.SPAN,
    input: Any = None,
    attributes: Mapping[str, Any] | None = None,
) -> LiveSpan | NoopSpan:
    """Start a span below the active one; without one it is the root of a trace of its own.

    Use it in a `with`, which makes it the active one and ends it; or call `end()` yourself.

    Args:
        name: What a reader of the trace sees.
        type: One of `SpanType`.
        input: What the step is called with; copied now.
        attributes: Named values; copied now.
    """
    context = current_context.get()
    parent = None if context is None else context.span
    if parent is NOOP:
        return NOOP
    recorder = current_recorder() if context is None else context.recorder
    if isinstance(parent, LiveSpan):
        started = recorder.start(name, type, parent)
    elif recorder.level == "off":
        return NOOP
    else:
        session_id = None if context is None else context.session_id
        policy = None if context is None else context.policy
        started = recorder.start_trace(name, type, session_id=session_id, policy=policy)
    if input is not None:
        started.input = input
    if attributes:
        started.set_attributes(attributes)
    if started.parent is None:
        recorder.announce(started)
    return started


def trace(
    name: str,
    *,
    type: str = SpanType.WORKFLOW,
    tags: Mapping[str, str] | None = None,
    session_id: str | None = None,
    user_id: str | None = None,
    input: Any = None,
    attributes: Mapping[str, Any] | None = None,
    level: Level | None = None,
    policy: RedactionPolicy | None = None,
    recorder: Recorder | None = None,
) -> LiveSpan | NoopSpan:
    """Start a run: the root of a trace, or a child where a run is active already.

    Only a root carries tags; those of a nested run become an attribute of its span, so that it
    never overwrites what its root says.

    Args:
        name: What a reader sees; workflows use their own name.
        type: One of `SpanType`.
        tags: Text by name, to find the run by.
        session_id: Groups runs of one conversation or user session.
        user_id: Who it was for.
        input: What the run is called with; copied now.
        attributes: Named values; copied now.
        level: What is recorded of this run; None takes the recorder's. `off` covers all that is
            below.
        policy: Redaction on top of the recorder's.
        recorder: Where to record; None takes the one that applies here.

    Raises:
        OptionError: `level` is unknown.
    """
    context = current_context.get()
    parent = None if context is None else context.span
    used = recorder or current_recorder()
    wanted = used.level if level is None else check_level(level)
    if parent is NOOP or wanted == "off":
        return OffScope(used)
    if isinstance(parent, LiveSpan) and parent.recorder is used:
        started = used.start(name, type, parent)
        if tags:
            started.set_attribute(names.TAGS, dict(tags))
        if parent.is_remote:
            _describe_part(started.trace, tags or {}, session_id, user_id)
    else:
        started = used.start_trace(
            name,
            type,
            tags=tags,
            session_id=session_id or (context.session_id if context else None),
            user_id=user_id,
            level=wanted,
            policy=policy or (context.policy if context else None),
        )
    if input is not None:
        started.input = input
    if attributes:
        started.set_attributes(attributes)
    if started.parent is None:
        used.announce(started)
    return started


def _describe_part(
    trace: TraceState, tags: Mapping[str, str], session_id: str | None, user_id: str | None
) -> None:
    """Say of a trace that began elsewhere what holds as long as nobody knows its root."""
    trace.tags.update(tags)
    trace.session_id = trace.session_id or session_id
    trace.user_id = trace.user_id or user_id


def is_off() -> bool:
    """Tell whether a span that starts here would not be recorded."""
    context = current_context.get()
    return current_recorder().level == "off" if context is None else context.span is NOOP


def get_active_span() -> LiveSpan | NoopSpan:
    """Return the span that is open here; outside of any, one that ignores everything.

    with span("collect"):
        agentglass.get_active_span().set_attribute("entities", 42)
    """
    context = current_context.get()
    return NOOP if context is None or context.span is None else context.span


def add_event(name: str, attributes: Mapping[str, Any] | None = None) -> None:
    """Record an instant on the active span; outside of any it is ignored."""
    get_active_span().add_event(name, attributes)
