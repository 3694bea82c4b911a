"""A run of steps as the spans of a trace."""

from collections.abc import Iterable, Iterator
from typing import Any

from agentglass.spans import (
    Gap,
    Resource,
    Span,
    TraceState,
    is_span_id,
    is_trace_id,
    trace_id_from_run_id,
)
from agentglass.steps.convert_step import ns_of, span_from_step
from agentglass.steps.facts import CARRIER, EXPECTED, NATIVE, RUN, TRACE_CARRIER, restored
from agentglass.steps.from_spans import VIEW_OF_ROOT
from agentglass.steps.natural_root import natural_root, root_id_of, span_id_of
from agentglass.steps.run import TraceRun
from agentglass.steps.steps import BaseStep

__all__ = ["SpanMaker", "spans_from_run"]


def spans_from_run(run: TraceRun) -> list[Span]:
    """Return the spans of a run, the root first; see `docs/trace-format.md`.

    The same run always gives the same spans with the same ids.
    """
    maker = SpanMaker(run)
    spans = [*maker.root(), *maker.spans(run.steps)]
    maker.finish(len(spans))
    return spans


class SpanMaker:
    """Makes the spans of one run, one by one.

    Args:
        run: The run; its steps are not looked at.
    """

    def __init__(self, run: TraceRun) -> None:
        self._run = run
        carried = (run.metadata or {}).get(TRACE_CARRIER)
        self._facts: dict[str, Any] = carried if isinstance(carried, dict) else {}
        known = self._facts.get("trace_id")
        own = trace_id_from_run_id(run.run_id)
        self.trace_id = known if isinstance(known, str) and is_trace_id(known) else own
        self._root_facts = self._facts.get("root", {})
        self.root_id = self._root_id()
        self.trace: TraceState | None = None
        """What the root carries; known once it was made."""
        self._resource = _resource(self._facts.get("resource"))

    def root(self) -> Iterator[Span]:
        """Yield the root; a trace whose root was never stored has none."""
        if self._root_facts is None:
            return
        root = natural_root(self._run)
        root.trace_id, root.span_id = self.trace_id, str(self.root_id)
        if isinstance(self._root_facts, dict):
            restored(root, self._root_facts)
        if not self._facts.get(NATIVE):
            root.attributes = {**root.attributes, RUN: self._own_words()}
        root.trace = self.trace = self._state()
        root.resource = self._resource
        yield root

    def spans(self, steps: Iterable[BaseStep]) -> Iterator[Span]:
        """Yield the spans of steps."""
        for step in steps:
            facts = (step.metadata or {}).get(CARRIER)
            if isinstance(facts, dict) and facts.get(VIEW_OF_ROOT):
                continue
            parent = step.parent_step_id
            span = span_from_step(
                step,
                trace_id=self.trace_id,
                span_id=self._span_id(step.step_id),
                parent_id=self.root_id if parent is None else self._span_id(parent),
            )
            span.resource = self._resource
            yield span

    def gaps(self) -> Iterator[Gap]:
        """Yield what was lost of the run."""
        lost = self._facts.get("lost")
        for record in lost if isinstance(lost, list) else ():
            if isinstance(record, dict) and type(record.get("count")) is int:
                time_ns, reason = ns_of(self._run.started_at), str(record.get("reason"))
                yield Gap(self.trace_id, None, time_ns, record["count"], reason)

    def finish(self, count: int) -> None:
        """Say how many spans there are; a run that was recorded as spans says so itself."""
        if self.trace is not None and not self._facts.get(NATIVE):
            self.trace.expected = count

    def _root_id(self) -> str | None:
        if self._root_facts is None:
            return None
        known = self._root_facts.get("span_id") if isinstance(self._root_facts, dict) else None
        return (
            known if isinstance(known, str) and is_span_id(known) else root_id_of(self._run.run_id)
        )

    def _span_id(self, step_id: str) -> str:
        return span_id_of(self._run.run_id, step_id)

    def _own_words(self) -> dict[str, Any]:
        """Return what the run says of itself, in its own words."""
        parts = {"agent_info": self._run.agent_info, "task_info": self._run.task_info}
        words = {
            name: None if part is None else part.model_dump(mode="python")
            for name, part in parts.items()
        }
        metadata = self._run.metadata
        if metadata is not None and self._facts:
            metadata = {key: value for key, value in metadata.items() if key != TRACE_CARRIER}
        return {**words, "metadata": metadata, "format_version": self._run.format_version}

    def _state(self) -> TraceState:
        facts = self._facts
        tags = facts.get("tags")
        state = TraceState(
            self.trace_id,
            self._run.run_id,
            level="metrics" if facts.get("level") == "metrics" else "trace",
            tags={str(key): str(value) for key, value in tags.items()}
            if isinstance(tags, dict)
            else {},
            session_id=_text(facts.get("session_id")),
            user_id=_text(facts.get("user_id")),
        )
        state.project = _text(facts.get("project"))
        state.environment = _text(facts.get("environment"))
        state.release = _text(facts.get("release"))
        expected = facts.get(EXPECTED)
        state.expected = expected if type(expected) is int else None
        return state


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _resource(record: Any) -> Resource | None:
    if not isinstance(record, dict) or not isinstance(record.get("service"), str):
        return None
    attributes = record.get("attributes")
    return Resource(record["service"], dict(attributes) if isinstance(attributes, dict) else {})
