"""One run of a workflow while it happens, from its beginning or from where it stopped."""

import time
import uuid
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, TypedDict

from langgraph.types import Command

from agentglass.record import Recorder, answer_interrupt, resume_trace, trace
from agentglass.record.control_flow import status_of
from agentglass.redact import RedactionPolicy
from agentglass.spans import STATUS_TABLE, SpanType, Status, names
from agentglass.workflow.durable import DurableRun
from agentglass.workflow.levels import resolve_level
from agentglass.workflow.result import RunResult
from agentglass.workflow.run_scope import Listener, Question, RunScope
from agentglass.workflow.state import initial_state
from agentglass.workflow.state_db import RunLock, RunRecord
from agentglass.workflow.walk import Walk, graph_of
from agentglass.workflow.workflow import Workflow

__all__ = ["Execution", "Resumption", "RunOptions"]


class RunOptions(TypedDict, total=False):
    """How a run is made; all of it may be left out."""

    level: str | None
    """`off`, `metrics` or `trace`; wins over AGENTGLASS_LEVEL and the file."""
    model: str | None
    """`provider/model` for all nodes that ask a model, whatever the file says."""
    session_id: str | None
    """Groups runs of one conversation or user session."""
    tags: Mapping[str, str] | None
    """Text by name, to find the run by."""
    recorder: Recorder | None
    """Where to record; None takes the one that applies here."""
    durable: bool | None
    """Whether another process can go on with it; None leaves it to the file."""
    listener: Listener | None
    """Told what happens, as `astream_events` yields it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """What a run goes on with."""

    record: RunRecord
    answers: Mapping[str, Any] = field(default_factory=dict)
    """Id of an interrupt -> answer."""
    timed_out: frozenset[str] = frozenset()
    """The interrupts whose answer is that nobody answered."""
    redo: frozenset[str] = frozenset()
    """Nodes that may be done again though nobody knows how they ended."""
    lock: RunLock
    """That the run belongs to this process."""


class Execution:
    """One run of a workflow.

    Args:
        workflow: The workflow.
        inputs: What it is given.
        options: How it is run.
        resumption: What it goes on with; None begins.

    Raises:
        StateInitializationError: The inputs do not fit.
        OptionError: The level is not one.
    """

    def __init__(
        self,
        workflow: Workflow,
        inputs: Mapping[str, Any],
        options: RunOptions,
        resumption: Resumption | None = None,
    ) -> None:
        self._workflow = workflow
        self._options = options
        self._resumption = resumption
        _refuse_unknown(options)
        self._level = resolve_level(workflow, options.get("level"))
        self._first = initial_state(workflow.fields, inputs)
        self._inputs = {name: self._first[name] for name in inputs}
        self._record = self._new_record() if resumption is None else resumption.record
        wanted = options.get("durable")
        is_durable = workflow.is_durable if wanted is None else wanted
        lock = None if resumption is None else resumption.lock
        self._durable = DurableRun(self._record, lock) if is_durable or resumption else None
        asked = (Question.from_dict(each) for each in self._record.questions)
        self._scope = RunScope(
            workflow.name,
            run_id=self._record.run_id,
            max_steps=workflow.config.execution.max_steps,
            listener=options.get("listener"),
            redo=frozenset() if resumption is None else resumption.redo,
            asked_before={question.id: question for question in asked},
        )
        self._walk: Walk | None = None
        self._run_id = None if resumption is None else self._record.run_id
        self._started = time.perf_counter()
        self.error: BaseException | None = None
        """The exception that ended it, the object itself."""

    async def go(self) -> None:
        """Run to the end, or to where somebody must answer.

        Keeps an exception of the workflow; lets a cancellation, and what kept the run from
        beginning, through.
        """
        async with AsyncExitStack() as opened:
            if self._resumption is not None and self._durable is not None:
                await opened.enter_async_context(self._durable)
            try:
                with self._recording() as active:
                    await self._begin(active, opened)
                    await self._run()
                    active.output = self._output()
                    if self._status is not Status.OK:
                        active.status = self._status
            except Exception as error:  # noqa: BLE001 - a node's exception is the result's content
                self.error = error
            except BaseException as error:
                self.error = error
                raise
            finally:
                await self._end()

    def result(self) -> RunResult:
        """Say what came of it."""
        status = self._status
        failed = STATUS_TABLE[status].is_error
        return RunResult(
            workflow_name=self._workflow.name,
            run_id=self._run_id,
            trace_id=self._record.trace_id,
            level=self._level,
            status=status,
            error=self.error,
            failed_node=self._scope.failed_node if failed else None,
            result=None if failed else self._output(),
            state=self._state,
            outputs_so_far={
                name: self._state[name]
                for name in self._workflow.outputs
                if self._state[name] is not None
            },
            steps=tuple(self._scope.steps),
            questions=tuple(self._scope.questions),
            failures=tuple(self._scope.failures),
            can_resume=self._durable is not None and self._record.status != "ended",
            nodes_total=len(self._workflow.nodes),
            duration_ms=(time.perf_counter() - self._started) * 1000,
        )

    def _new_record(self) -> RunRecord:
        options = self._options
        return RunRecord(
            run_id=str(uuid.uuid4()),
            workflow=self._workflow.name,
            file=str(self._workflow.file.resolve()),
            digest=self._workflow.digest,
            inputs=self._inputs,
            settings={
                "level": self._level,
                "model": options.get("model"),
                "session_id": options.get("session_id"),
            },
        )

    def _recording(self) -> Any:
        """Return the span of the run, or of the part of it that begins now."""
        workflow, options = self._workflow, self._options
        if self._resumption is not None:
            record = self._record
            ticket = None
            if record.trace_id is not None:
                ticket = {
                    "trace_id": record.trace_id,
                    "root_span_id": record.root_span_id,
                    "level": self._level,
                    "session_id": record.settings.get("session_id"),
                }
            return resume_trace(
                ticket,
                input=list(self._resumption.answers.values()),
                recorder=options.get("recorder"),
            )
        redact_pii = workflow.config.observability.redact_pii
        return trace(
            workflow.name,
            type=SpanType.WORKFLOW,
            tags={**(options.get("tags") or {}), names.TAG_WORKFLOW: workflow.name},
            session_id=options.get("session_id"),
            input=self._inputs,
            attributes=_attributes(workflow),
            level=self._level,
            policy=RedactionPolicy(pii=True) if redact_pii else None,
            recorder=options.get("recorder"),
        )

    async def _begin(self, active: Any, opened: AsyncExitStack) -> None:
        """Note how the run is recorded, and which questions are answered."""
        record = self._record
        if self._resumption is not None:
            self._answer(self._resumption)
        else:
            record.trace_id, record.root_span_id = active.trace_id, active.span_id
            self._run_id = active.run_id
            if active.run_id is not None and getattr(active, "parent", None) is None:
                record.run_id = self._scope.run_id = active.run_id
            if self._durable is not None:
                await opened.enter_async_context(self._durable)
        if self._durable is not None:
            self._run_id = record.run_id
            record.status = "running"
            await self._durable.save()
        self._scope.emit("run_started", workflow=self._workflow.name, run_id=self._run_id)

    def _answer(self, resumption: Resumption) -> None:
        """Record the answers, at the questions that they belong to."""
        for question in self._scope.asked_before.values():
            if question.id in resumption.answers:
                is_late = question.id in resumption.timed_out
                answer_interrupt(
                    question.ticket,
                    output=None if is_late else resumption.answers[question.id],
                    status=Status.TIMED_OUT if is_late else Status.OK,
                )

    async def _end(self) -> None:
        scope = self._scope
        await scope.aclose()
        if self._durable is not None and self._durable.is_open:
            await self._durable.end(self._status, scope.questions, scope.failures)
        scope.emit("run_ended", status=str(self._status))

    async def _run(self) -> None:
        durable = self._durable
        is_recorded = self._level != "off"
        if durable is None:
            graph = graph_of(self._workflow, is_recorded=is_recorded)
            self._walk = Walk(self._workflow, self._first, self._scope, graph)
            await self._walk.go(self._first)
            return
        graph = graph_of(self._workflow, is_recorded=is_recorded, checkpointer=durable.saver)
        known = await graph.aget_state(durable.config)
        state = {name: known.values.get(name, value) for name, value in self._first.items()}
        self._walk = Walk(self._workflow, state, self._scope, graph)
        given: Any = self._first
        if known.values:
            if not known.next:
                return
            answers = {} if self._resumption is None else dict(self._resumption.answers)
            given = Command(resume=answers) if answers else None
        await self._walk.go(given, durable.config, durability="sync")

    @property
    def _status(self) -> Status:
        if self.error is not None:
            return status_of(self.error)
        if self._scope.questions:
            return Status.INTERRUPTED
        return Status.DEGRADED if self._scope.failures or self._record.failures else Status.OK

    @property
    def _state(self) -> Mapping[str, Any]:
        return self._first if self._walk is None else self._walk.state

    def _output(self) -> Any:
        state = self._state
        values = {name: state[name] for name in self._workflow.outputs}
        return next(iter(values.values())) if len(values) == 1 else values


def _refuse_unknown(options: RunOptions) -> None:
    for name in options:
        if name not in RunOptions.__annotations__:
            known = ", ".join(RunOptions.__annotations__)
            raise TypeError(f"a run has no option {name!r}; options: {known}")


def _attributes(workflow: Workflow) -> dict[str, Any]:
    attributes = {
        names.WORKFLOW_NAME: workflow.name,
        names.WORKFLOW_NODES_TOTAL: len(workflow.nodes),
    }
    if workflow.flow.version is not None:
        attributes[names.WORKFLOW_VERSION] = workflow.flow.version
    return attributes
