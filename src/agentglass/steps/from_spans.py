"""A trace of the store as a run of steps."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from agentglass.spans import (
    STATUS_TABLE,
    Span,
    SpanType,
    Trace,
    TraceSummary,
    trace_id_from_run_id,
)
from agentglass.steps.convert_step import instant_of, step_from_span
from agentglass.steps.facts import (
    CARRIER,
    EXPECTED,
    NATIVE,
    RUN,
    STEP,
    TRACE_CARRIER,
    differences,
    facts_of,
)
from agentglass.steps.forms import text_of
from agentglass.steps.natural_root import natural_root, root_id_of
from agentglass.steps.run import TraceRun
from agentglass.steps.steps import BaseStep, FinalOutputStep, UserInputStep

__all__ = ["VIEW_OF_ROOT", "head_from_trace", "iter_steps", "run_from_trace"]

VIEW_OF_ROOT = "view_of_root"
"""Marks a step that shows the input or the output of the root, and is no span of its own."""


def run_from_trace(trace: Trace) -> TraceRun:
    """Return a trace as a run of steps; see `docs/trace-format.md` for what becomes of what."""
    run = head_from_trace(trace)
    return TraceRun.model_validate({**dict(run), "steps": list(iter_steps(trace))})


def head_from_trace(trace: Trace) -> TraceRun:
    """Return the run without its steps."""
    summary, root = trace.summary, _root(trace)
    given = _given(root)
    natural = {
        "run_id": summary.run_id,
        "started_at": instant_of(summary.start_ns),
        "ended_at": None if summary.end_ns is None else instant_of(_end_ns(summary)),
        "agent_info": {"name": summary.workflow, "version": summary.release},
        "task_info": _task(root),
        "metadata": _error(root),
        "steps": [],
    }
    try:
        run = TraceRun.model_validate({**natural, **given, "steps": []})
    except ValidationError:
        # The attribute is a stranger's, or was cut.
        run = TraceRun.model_validate(natural)
    known = _trace_facts(trace, root, run)
    if known:
        run.metadata = {**(run.metadata or {}), TRACE_CARRIER: known}
    return run


def iter_steps(trace: Trace) -> Iterator[BaseStep]:
    """Yield the steps of a trace in order of their start; spans are read one by one."""
    root = _root(trace)
    index = _Index(trace)
    shows_root = root is not None and not _given(root)
    if root is not None and shows_root and SpanType.USER_INPUT not in index.types:
        yield from _input_of(root)
    for span in trace.iter_spans():
        if root is None or span.span_id != root.span_id:
            parent_id = span.parent_id
            is_below_root = root is not None and parent_id == root.span_id
            is_loose = not is_below_root and parent_id not in index
            parent = None if is_below_root or is_loose else index.step_id(str(parent_id))
            step = step_from_span(span, parent, is_loose=is_loose)
            step.step_id = index.step_id(span.span_id)
            yield step
    if root is not None and shows_root and SpanType.FINAL_OUTPUT not in index.types:
        yield from _output_of(root)


class _Index:
    """The ids of the spans of a trace, small enough for a million."""

    def __init__(self, trace: Trace) -> None:
        self.types: set[str] = set()
        self._known: set[int] = set()
        self._renamed: dict[str, str] = {}
        taken: set[str] = set()
        for span in trace.iter_spans():
            self.types.add(span.type)
            self._known.add(int(span.span_id, 16))
            carried = span.attributes.get(STEP)
            step_id = carried.get("step_id") if isinstance(carried, dict) else None
            # A forked child counts its steps as its parent does.
            if isinstance(step_id, str) and step_id and step_id not in taken:
                self._renamed[span.span_id] = step_id
                taken.add(step_id)

    def __contains__(self, span_id: str | None) -> bool:
        return span_id is not None and int(span_id, 16) in self._known

    def step_id(self, span_id: str) -> str:
        return self._renamed.get(span_id, span_id)


def _root(trace: Trace) -> Span | None:
    return next((span for span in trace.iter_spans() if span.is_root), None)


def _end_ns(summary: TraceSummary) -> int:
    assert summary.end_ns is not None
    return max(summary.start_ns, summary.end_ns)


def _given(root: Span | None) -> dict[str, Any]:
    """Return what a run that came as steps said of itself."""
    carried = None if root is None else root.attributes.get(RUN)
    return carried if isinstance(carried, dict) else {}


def _task(root: Span | None) -> dict[str, Any] | None:
    return {"input": root.input} if root is not None and isinstance(root.input, dict) else None


def _error(root: Span | None) -> dict[str, Any] | None:
    if root is None or not STATUS_TABLE[root.status].is_error:
        return None
    return {"error": root.error.to_dict() if root.error else {"type": str(root.status)}}


def _trace_facts(trace: Trace, root: Span | None, run: TraceRun) -> dict[str, Any]:
    """Return what is known of a trace, and of its root, that a run has no field for."""
    summary = trace.summary
    facts: dict[str, Any] = {
        "trace_id": summary.trace_id,
        "tags": dict(summary.tags),
        "session_id": summary.session_id,
        "user_id": summary.user_id,
        "project": summary.project,
        "environment": summary.environment,
        "release": summary.release,
        "level": summary.level,
        "lost": [{"count": gap.count, "reason": gap.reason} for gap in trace.gaps],
    }
    natural = {"trace_id": trace_id_from_run_id(summary.run_id), "tags": {}, "level": "trace"}
    known = differences({name: value for name, value in facts.items() if value}, natural)
    if summary.level == "trace":
        known.pop("level", None)
    if root is None:
        return {**known, "root": None}
    if not _given(root):
        known[NATIVE] = True
        if summary.expected_spans is not None:
            known[EXPECTED] = summary.expected_spans
    about_root = differences(facts_of(root), facts_of(natural_root(run)))
    if root.span_id != root_id_of(run.run_id):
        about_root["span_id"] = root.span_id
    if about_root:
        known["root"] = about_root
    if root.resource is not None:
        known["resource"] = {
            "service": root.resource.service,
            "attributes": dict(root.resource.attributes),
        }
    return known


def _input_of(root: Span) -> Iterator[BaseStep]:
    if root.input is not None:
        yield UserInputStep(
            step_id=f"{root.span_id}-input",
            timestamp=instant_of(root.start_ns),
            duration_ms=0,
            content=text_of(root.input),
            metadata={CARRIER: {VIEW_OF_ROOT: True}},
        )


def _output_of(root: Span) -> Iterator[BaseStep]:
    if root.output is not None and root.end_ns is not None:
        yield FinalOutputStep(
            step_id=f"{root.span_id}-output",
            timestamp=instant_of(root.end_ns),
            duration_ms=0,
            content=root.output,
            metadata={CARRIER: {VIEW_OF_ROOT: True}},
        )
