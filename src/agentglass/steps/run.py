"""TraceRun: one run of an agent as a flat, ordered list of typed steps."""

import json
import uuid
import warnings
from bisect import insort_right
from collections.abc import Iterable
from enum import StrEnum
from operator import attrgetter
from typing import Annotated, Any, Self, cast

from pydantic import AfterValidator, Field, PrivateAttr, ValidationError, model_validator

from agentglass.errors import TraceFormatError, TraceFormatWarning
from agentglass.plugins import load_object
from agentglass.redact import normalise
from agentglass.spans.notebook import spans_html
from agentglass.steps.faults import describe_faults
from agentglass.steps.fields import Instant, Metadata, Model, optional
from agentglass.steps.steps import AnyStep, BaseStep, LLMCallStep, OpaqueStep, ToolCallStep
from agentglass.steps.types import AgentInfo, StepType, TaskInfo

__all__ = ["FORMAT_VERSION", "RunState", "TraceRun", "json_text", "warn_of_opaque"]

FORMAT_VERSION = "1.0"
"""Of what is written. A minor version adds; what is removed or renamed makes a major one."""

_by_start = attrgetter("timestamp")


class RunState(StrEnum):
    """How far a run has come."""

    CREATED = "created"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


def _check_version(text: str) -> str:
    major = FORMAT_VERSION.partition(".")[0]
    if text.partition(".")[0] != major:
        raise ValueError(
            f"{text!r} is not a version that this agentglass reads, which is {major}.x;"
            " a newer agentglass may read it"
        )
    return text


def _check_run_id(text: str) -> str:
    try:
        known = uuid.UUID(text)
    except ValueError:
        known = None
    if known is None or known.version != 4 or known.variant != uuid.RFC_4122:
        raise ValueError("expected a UUID of version 4, as in 1b4e28ba-2fa1-4d2e-883f-0016d3cca427")
    return str(known)


class TraceRun(Model):
    """One run: who ran, when, on what, and every step in the order in which they began.

    Steps that began at the same instant stay in the order in which they were given.

    Raises:
        pydantic.ValidationError: A field is missing or of the wrong kind, two steps have one id, a
            parent is not there, or the run ended before it began. `from_json` says the same in
            words of our own.
    """

    format_version: Annotated[str, AfterValidator(_check_version)] = Field(
        default=FORMAT_VERSION, description="Version of this format."
    )
    run_id: Annotated[str, AfterValidator(_check_run_id)] = Field(description="A UUID v4.")
    started_at: Instant = Field(description="When the run began, ISO 8601.")
    ended_at: Instant | None = optional("When it ended; missing while it runs.")
    agent_info: AgentInfo = Field(description="Who ran.")
    task_info: TaskInfo | None = optional("What it was to do.")
    metadata: Metadata | None = optional("Anything else; `error` says why a run failed.")
    steps: list[AnyStep] = Field(description="Every step, in order of their timestamps.")

    _ids: set[str] = PrivateAttr(default_factory=set)

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if self.ended_at is not None and self.ended_at < self.started_at:
            raise ValueError(f"`ended_at` {self.ended_at} is before `started_at` {self.started_at}")
        ids: set[str] = set()
        for number, step in enumerate(self.steps, 1):
            if step.step_id in ids:
                raise ValueError(f"step {number}, `step_id`: {step.step_id!r} is there twice")
            ids.add(step.step_id)
        for number, step in enumerate(self.steps, 1):
            if step.parent_step_id is not None and step.parent_step_id not in ids:
                raise ValueError(_no_parent(step, f"step {number} {step.step_id!r}"))
        self.steps.sort(key=_by_start)
        self._ids = ids
        return self

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read a run.

        Steps of types that are not known here are kept as they are, with one warning.

        Raises:
            TraceFormatError: It is not a run; names the step and the field.
        """
        try:
            run = cls.model_validate_json(text)
        except ValidationError as error:
            faults = describe_faults(error, lambda number: json.loads(text)["steps"][number])
            raise TraceFormatError(faults) from error
        warn_of_opaque(step for step in run.steps if isinstance(step, OpaqueStep))
        return run

    # -- reading -------------------------------------------------------------------------------

    @property
    def state(self) -> RunState:
        """How far the run has come."""
        if self.ended_at is not None:
            failed = bool(self.metadata and self.metadata.get("error"))
            return RunState.FAILED if failed else RunState.COMPLETED
        return RunState.RUNNING if self.steps else RunState.CREATED

    def get_steps_by_type(self, step_type: str) -> list[BaseStep]:
        """Return the steps of one type, in order."""
        return [step for step in self.steps if step.step_type == step_type]

    def get_llm_calls(self) -> list[LLMCallStep]:
        """Return the calls of models."""
        return cast("list[LLMCallStep]", self.get_steps_by_type(StepType.LLM_CALL))

    def get_tool_calls(self) -> list[ToolCallStep]:
        """Return the calls of tools."""
        return cast("list[ToolCallStep]", self.get_steps_by_type(StepType.TOOL_CALL))

    def total_tokens(self) -> int:
        """Return the tokens of all model calls, as far as they are known."""
        return sum(_tokens(call) for call in self.get_llm_calls())

    def total_tool_calls(self) -> int:
        """Return how often tools were called."""
        return len(self.get_tool_calls())

    def _repr_html_(self) -> str:
        """Show the run as a tree in a notebook."""
        make_spans = load_object("agentglass.steps.to_spans:spans_from_run", feature="A tree")
        return spans_html(make_spans(self))

    # -- writing -------------------------------------------------------------------------------

    def add_step(self, step: BaseStep) -> None:
        """Add a step at its place in time.

        Raises:
            TraceFormatError: Its id is taken, or its parent is not there.
        """
        if len(self._ids) != len(self.steps):
            self._ids = {known.step_id for known in self.steps}
        if step.step_id in self._ids:
            raise TraceFormatError(
                f"There is a step {step.step_id!r} already: `step_id` is unique."
            )
        if step.parent_step_id is not None and step.parent_step_id not in self._ids:
            raise TraceFormatError(_no_parent(step, f"Step {step.step_id!r}") + ".")
        insort_right(self.steps, cast("Any", step), key=_by_start)
        self._ids.add(step.step_id)

    def to_json(self, indent: int | None = None, exclude_none: bool = True) -> str:
        """Return the run as JSON.

        Args:
            indent: Spaces for each level; None writes one line.
            exclude_none: Leave out optional fields that are None. Required ones are always there.
        """
        if exclude_none:
            return json_text(self, indent)
        record = self.model_dump(mode="python", fallback=normalise)
        _add_empty(record, self)
        return _dump(record, indent)


def json_text(model: Model, indent: int | None = None, *, exclude: set[str] | None = None) -> str:
    """Return a run, or a part of one, as JSON without the optional fields that are None.

    Args:
        model: The run, or a step.
        indent: Spaces for each level; None writes one line.
        exclude: Fields to leave out.
    """
    try:
        return model.model_dump_json(indent=indent, exclude=exclude, fallback=normalise)
    except ValueError:
        # A lone surrogate somewhere: it has no form in UTF-8.
        record = model.model_dump(mode="python", exclude=exclude, fallback=normalise)
        return _dump(record, indent)


def warn_of_opaque(steps: Iterable[OpaqueStep]) -> None:
    """Say once which steps are not understood."""
    types = sorted({step.step_type for step in steps})
    if types:
        warnings.warn(
            f"Steps of unknown types are kept and not understood: {', '.join(map(repr, types))}."
            " They are of a later version, or misspelled.",
            TraceFormatWarning,
            stacklevel=3,
        )


def _tokens(call: LLMCallStep) -> int:
    if call.tokens_total is not None:
        return call.tokens_total
    return (call.tokens_in or 0) + (call.tokens_out or 0)


def _no_parent(step: BaseStep, name: str) -> str:
    return f"{name}, `parent_step_id`: there is no step {step.parent_step_id!r}"


def _add_empty(record: dict[str, Any], model: Model) -> None:
    """Put in the optional fields that were left out."""
    for name in type(model).model_fields:
        value = getattr(model, name)
        record.setdefault(name, None)
        parts = value if isinstance(value, list) else [value]
        kept = record[name] if isinstance(value, list) else [record[name]]
        for part, written in zip(parts, kept, strict=True):
            if isinstance(part, Model):
                _add_empty(written, part)


def _dump(record: dict[str, Any], indent: int | None) -> str:
    plain = normalise(json.loads(json.dumps(record, default=_plain)))
    return json.dumps(plain, ensure_ascii=False, indent=indent, allow_nan=False)


def _plain(value: Any) -> Any:
    isoformat = getattr(value, "isoformat", None)
    return isoformat().replace("+00:00", "Z") if isoformat else normalise(value)
