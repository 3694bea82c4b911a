"""What a run says of the root of its trace by itself."""

import hashlib

from agentglass.spans import ErrorInfo, Span, SpanType, Status, is_span_id
from agentglass.steps.convert_step import ns_of
from agentglass.steps.run import TraceRun

__all__ = ["natural_root", "root_id_of", "span_id_of"]


def span_id_of(run_id: str, step_id: str) -> str:
    """Return the id of the span of a step: its own where that is one, else made from it."""
    if is_span_id(step_id):
        return step_id
    return hashlib.sha256(f"{run_id}/{step_id}".encode(errors="backslashreplace")).hexdigest()[:16]


def root_id_of(run_id: str) -> str:
    """Return the id of the root of a run that came as steps."""
    return span_id_of(run_id, "")


def natural_root(run: TraceRun) -> Span:
    """Return the root of a run; its ids are still to be set."""
    error = _error(run)
    status = Status.RUNNING
    if run.ended_at is not None:
        status = Status.OK if error is None else Status.ERROR
    return Span(
        trace_id="",
        span_id="",
        name=run.agent_info.name,
        type=SpanType.WORKFLOW,
        start_ns=ns_of(run.started_at),
        end_ns=None if run.ended_at is None else ns_of(run.ended_at),
        status=status,
        error=error if run.ended_at is not None else None,
        input=None if run.task_info is None else run.task_info.input,
    )


def _error(run: TraceRun) -> ErrorInfo | None:
    """Return why a run failed; whoever wrote the file may have said it in another way."""
    said = (run.metadata or {}).get("error")
    if not said:
        return None
    if not isinstance(said, dict):
        return ErrorInfo("Error", str(said))
    stack = said.get("stacktrace")
    return ErrorInfo(
        str(said.get("type", "Error")),
        str(said.get("message", "")),
        stack if isinstance(stack, str) else None,
    )
