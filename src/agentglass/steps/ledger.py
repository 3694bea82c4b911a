"""What a `Tracer` keeps: the run with its steps, and the spans that are recorded with them."""

import threading
from typing import Any

from pydantic import ValidationError

from agentglass.errors import StepValidationError, TracerError, TracerNotActiveError
from agentglass.record import LiveSpan, NoopSpan, Recorder, current_context, current_recorder
from agentglass.record.control_flow import status_of
from agentglass.record.live import describe_error
from agentglass.redact import Redactor
from agentglass.spans import STATUS_TABLE, Level, Span, SpanType, trace_id_from_run_id
from agentglass.steps.convert_step import instant_of, span_from_step
from agentglass.steps.facts import RUN
from agentglass.steps.faults import describe_step_faults
from agentglass.steps.fields import Model
from agentglass.steps.run import TraceRun
from agentglass.steps.step_methods import Place
from agentglass.steps.steps import BaseStep

__all__ = ["Ledger"]


class Ledger:
    """The steps of one run; safe to use from many threads.

    Args:
        run: The run, without steps.
        auto_timestamps: Whether a step that says no time has just ended.
    """

    def __init__(self, run: TraceRun, *, auto_timestamps: bool) -> None:
        self.run = run
        self._auto_timestamps = auto_timestamps
        self._lock = threading.Lock()
        self._steps: dict[str, BaseStep] = {}
        self._spans: dict[str, LiveSpan] = {}
        self._recorder: Recorder | None = None
        self._redactor = Redactor()
        self._root: LiveSpan | NoopSpan = NoopSpan()

    # -- beginning and ending ------------------------------------------------------------------

    def begin(self) -> None:
        """Start the run, as a trace of its own or below the run that is active here.

        Raises:
            TracerError: It was started before.
        """
        if self._recorder is not None:
            raise TracerError("This run was started before. Make a new Tracer for each run.")
        recorder = current_recorder()
        self._redactor = Redactor(recorder.policy, recorder.limits)
        for name in ("agent_info", "task_info", "metadata"):
            self._redact_part(name)
        self._root = root = self._start_root(recorder)
        start_ns = root.start_ns if isinstance(root, LiveSpan) else recorder.now_ns()
        self.run.started_at = instant_of(start_ns)
        root.__enter__()
        self._recorder = recorder

    def end(self, error: BaseException | None) -> None:
        """End the run; an exception makes it a failed one."""
        with self._lock:
            recorder = self._active()
            if error is not None:
                self._root.record_error(error)
            if error is not None and STATUS_TABLE[status_of(error)].is_error:
                failure = self._redactor.redact_value(describe_error(error).to_dict())
                self.run.metadata = {**(self.run.metadata or {}), "error": failure}
            if isinstance(self._root, LiveSpan):
                self._root.set_attribute(RUN, self._own_words())
            now_ns = recorder.now_ns()
            self.run.ended_at = max(self.run.started_at, instant_of(now_ns))
        self._root.leave()
        self._root.end(end_ns=now_ns)

    def _start_root(self, recorder: Recorder) -> LiveSpan | NoopSpan:
        context = current_context.get()
        above = None if context is None else context.span
        name, level = self.run.agent_info.name, recorder.level
        if isinstance(above, NoopSpan) or level == "off":
            return NoopSpan()
        if above is not None and above.recorder is recorder:
            root = recorder.start(name, SpanType.WORKFLOW, above)
        else:
            root = self._start_trace(recorder, name, level, context and context.session_id)
        if self.run.task_info is not None:
            root.input = self.run.task_info.input
        root.set_attribute(RUN, self._own_words())
        return root

    def _start_trace(
        self, recorder: Recorder, name: str, level: Level, session_id: str | None
    ) -> LiveSpan:
        root = recorder.start_trace(
            name,
            level=level,
            session_id=session_id,
            trace_id=trace_id_from_run_id(self.run.run_id),
        )
        recorder.announce(root)
        return root

    def _own_words(self) -> dict[str, Any]:
        words = self.run.model_dump(mode="python", exclude={"steps"})
        return {
            name: words.get(name)
            for name in ("agent_info", "task_info", "metadata", "format_version")
        }

    # -- steps ---------------------------------------------------------------------------------

    def record(self, cls: type[BaseStep], fields: dict[str, Any], place: Place) -> str:
        """Record a step; returns its id.

        Raises:
            StepValidationError: A value does not fit.
            TracerNotActiveError: The run has not begun, or has ended.
        """
        with self._lock:
            recorder = self._active()
            step_id = f"step-{len(self._steps) + 1:04}"
            step = self._make(cls, step_id, fields, place, recorder.now_ns())
            self.run.add_step(step)
            self._steps[step_id] = step
            self._record_span(step)
        return step_id

    def copy(self) -> TraceRun:
        """Return the run as it is now."""
        with self._lock:
            return self.run.model_copy(deep=True)

    def to_json(self, indent: int | None, exclude_none: bool) -> str:
        """Return the run as it is now as JSON; a copy of it would take ten times as long."""
        with self._lock:
            return self.run.to_json(indent, exclude_none)

    def _active(self) -> Recorder:
        if self._recorder is None:
            raise TracerNotActiveError(
                "The run has not begun. Record its steps in `with Tracer.run(...) as tracer:`."
            )
        if self.run.ended_at is not None:
            raise TracerNotActiveError("The run has ended. Record steps within its `with` block.")
        return self._recorder

    def _make(
        self, cls: type[BaseStep], step_id: str, fields: dict[str, Any], place: Place, now_ns: int
    ) -> BaseStep:
        kind = str(cls.model_fields["step_type"].default)
        parent_id = place.parent_step_id
        if parent_id is not None and parent_id not in self._steps:
            raise StepValidationError(
                f"{kind} {step_id!r}, `parent_step_id`: there is no step {parent_id!r}."
            )
        record = {
            **{name: self._redact(value) for name, value in fields.items()},
            "step_id": step_id,
            "step_type": kind,
            "timestamp": self._start_of(place, now_ns),
            "parent_step_id": parent_id,
            "duration_ms": place.took_ms,
            "metadata": self._redact(place.metadata),
        }
        try:
            return cls.model_validate(record)
        except ValidationError as error:
            number = len(self._steps) + 1
            opening = f"This {kind} cannot be recorded: "
            faults = describe_step_faults(error, number, record, opening)
            raise StepValidationError(faults) from error

    def _start_of(self, place: Place, now_ns: int) -> Any:
        """Return when a step began: never before its run or its parent."""
        if place.timestamp is not None:
            return place.timestamp
        if not self._auto_timestamps:
            raise StepValidationError(
                "A step was recorded without `timestamp`, and `auto_timestamps` is off."
            )
        took_ms = place.took_ms if isinstance(place.took_ms, int | float) else 0
        took_ns = min(max(0, round(took_ms * 1e6)), now_ns)
        parent = self._steps.get(place.parent_step_id or "")
        earliest = self.run.started_at if parent is None else parent.timestamp
        return max(instant_of(now_ns - took_ns), earliest)

    def _record_span(self, step: BaseStep) -> None:
        if not isinstance(self._root, LiveSpan):
            return
        above = self._spans.get(step.parent_step_id or "", self._root)
        live = self._root.recorder.start("", SpanType.SPAN, above)
        made = span_from_step(
            step, trace_id=live.trace_id, span_id=live.span_id, parent_id=live.parent_id
        )
        _fill(live, made)
        live.end(made.status, end_ns=made.start_ns if made.end_ns is None else made.end_ns)
        self._spans[step.step_id] = live

    # -- what is hidden ------------------------------------------------------------------------

    def _redact_part(self, name: str) -> None:
        part = getattr(self.run, name)
        if isinstance(part, Model):
            redacted = self._redactor.redact_value(part.model_dump(mode="python"))
            setattr(self.run, name, type(part).model_validate(redacted))
        elif part is not None:
            setattr(self.run, name, self._redactor.redact_value(part))

    def _redact(self, value: Any) -> Any:
        """Return a value without secrets; the items of a list are bounded one by one."""
        if isinstance(value, list | tuple):
            return [self._redact_one(item) for item in value]
        return self._redact_one(value)

    def _redact_one(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, Model):
            value = value.model_dump(mode="python")
        return self._redactor.redact_value(value)


def _fill(live: LiveSpan, made: Span) -> None:
    live.name, live.type, live.start_ns = made.name, made.type, made.start_ns
    live.input, live.output = made.input, made.output
    live.usage, live.cost, live.error = made.usage, made.cost, made.error
    live.set_attributes(made.attributes)
