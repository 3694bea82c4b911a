"""Runs that wait for a human, and go on later, perhaps in another process."""

from collections.abc import Mapping
from typing import Any

from agentglass.record.api import span
from agentglass.record.context import current_context
from agentglass.record.default import current_recorder
from agentglass.record.live import LiveSpan
from agentglass.record.noop import NoopSpan, OffScope
from agentglass.record.recorder import Recorder
from agentglass.record.remote import remote_span
from agentglass.spans import SpanType, Status, TraceParent

__all__ = ["answer_interrupt", "open_interrupt", "resume_trace"]

Ticket = Mapping[str, Any]
"""What the process that goes on must know of the one that stopped; JSON, to keep with a checkpoint."""


def open_interrupt(
    name: str, *, input: Any = None, attributes: Mapping[str, Any] | None = None
) -> Ticket | None:
    """Record that the active run waits for somebody.

    The span of the question is stored now. It stays open, also when this process ends, until
    `answer_interrupt` is called in this or another process.

    Args:
        name: What a reader of the trace sees.
        input: The question.
        attributes: Named values.

    Returns:
        The ticket to go on with; None where nothing is recorded.
    """
    asked = span(name, type=SpanType.INTERRUPT, input=input, attributes=attributes)
    if not isinstance(asked, LiveSpan):
        return None
    asked.status = Status.INTERRUPTED
    asked.recorder.give_away(asked)
    top = asked
    while top.parent is not None:
        top = top.parent
    return {
        "trace_id": asked.trace_id,
        "root_span_id": top.parent_id or top.span_id,
        "span_id": asked.span_id,
        "parent_id": asked.parent_id,
        "name": asked.name,
        "start_ns": asked.start_ns,
        "input": asked.input,
        "attributes": dict(attributes or {}),
        "level": asked.trace.level,
        "session_id": asked.trace.session_id,
    }


def resume_trace(
    ticket: Ticket | None,
    *,
    name: str = "resume",
    input: Any = None,
    recorder: Recorder | None = None,
) -> LiveSpan | NoopSpan:
    """Go on with a run that was interrupted: the same run, with one more segment below its root.

    Use it in a `with`. The status and the end of the segment become those of the run.

    Args:
        ticket: What `open_interrupt` gave; `trace_id` and `root_span_id` are enough. None records
            nothing.
        name: What a reader of the trace sees.
        input: What the run goes on with.
        recorder: Where to record; None takes the one that applies here.
    """
    used = recorder or current_recorder()
    if ticket is None or used.level == "off":
        return OffScope(used)
    root = remote_span(
        used,
        TraceParent(ticket["trace_id"], ticket["root_span_id"]),
        level=ticket.get("level", used.level),
        session_id=ticket.get("session_id"),
    )
    segment = used.start(name, SpanType.SEGMENT, root)
    if input is not None:
        segment.input = input
    used.announce(segment)
    return segment


def answer_interrupt(
    ticket: Ticket | None, *, output: Any = None, status: Status = Status.OK
) -> None:
    """End the span of a question, within the segment that goes on; at any other place do nothing.

    Args:
        ticket: What `open_interrupt` gave.
        output: The answer.
        status: How the wait ended, as `Status.TIMED_OUT`.
    """
    context = current_context.get()
    segment = None if context is None else context.span
    if ticket is None or not isinstance(segment, LiveSpan):
        return
    asked = LiveSpan(
        segment.recorder,
        segment.trace,
        segment,
        ticket["parent_id"],
        ticket["span_id"],
        ticket["name"],
        SpanType.INTERRUPT,
    )
    asked.start_ns = ticket["start_ns"]
    asked.input = ticket["input"]
    asked.output = output
    asked.set_attributes(ticket["attributes"])
    asked.end(status)
