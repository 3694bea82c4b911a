"""Run a workflow: compile it, record the run, and say what came of it."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentglass.record import Recorder, trace
from agentglass.record.control_flow import status_of
from agentglass.redact import RedactionPolicy
from agentglass.spans import STATUS_TABLE, SpanType, Status, names
from agentglass.workflow.compile import compile_workflow
from agentglass.workflow.levels import resolve_level
from agentglass.workflow.load import load_workflow
from agentglass.workflow.result import RunResult
from agentglass.workflow.run_scope import RunScope, current_run
from agentglass.workflow.state import initial_state
from agentglass.workflow.workflow import Workflow

__all__ = ["aexecute", "arun_workflow", "execute", "run_workflow"]


def run_workflow(
    path: str | Path,
    inputs: Mapping[str, Any] | None = None,
    *,
    level: str | None = None,
    model: str | None = None,
    session_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    recorder: Recorder | None = None,
) -> RunResult:
    """Load and run a workflow file.

    An exception of a node reaches the caller as it is.

    Args:
        path: A YAML or JSON file.
        inputs: State fields by name; texts are read as values of the field's type.
        level: `off`, `metrics` or `trace`; wins over AGENTGLASS_LEVEL and the file.
        model: `provider/model` for all nodes that ask a model, whatever the file says.
        session_id: Groups runs of one conversation or user session.
        tags: Text by name, to find the run by.
        recorder: Where to record; None takes the one that applies here.

    Raises:
        WorkflowFileError: The file cannot be used.
        InputError: The inputs do not fit the workflow.
        OptionError: `level` or `model` is not one.
        TimeoutError: The run took longer than `config.execution.timeout`.
        RuntimeError: An event loop is running here; await `arun_workflow` instead.
    """
    _refuse_running_loop("run_workflow", "arun_workflow")
    workflow = load_workflow(path, model=model)
    return _raise_error(
        execute(workflow, inputs, level=level, session_id=session_id, tags=tags, recorder=recorder)
    )


async def arun_workflow(
    path: str | Path,
    inputs: Mapping[str, Any] | None = None,
    *,
    level: str | None = None,
    model: str | None = None,
    session_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    recorder: Recorder | None = None,
) -> RunResult:
    """Load and run a workflow file inside a running event loop; see `run_workflow`."""
    workflow = load_workflow(path, model=model)
    result = await aexecute(
        workflow, inputs, level=level, session_id=session_id, tags=tags, recorder=recorder
    )
    return _raise_error(result)


def execute(
    workflow: Workflow,
    inputs: Mapping[str, Any] | None = None,
    *,
    level: str | None = None,
    session_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    recorder: Recorder | None = None,
) -> RunResult:
    """Run a workflow; a run that fails or is interrupted from the keyboard is a result too.

    Raises:
        InputError: The inputs do not fit the workflow, so there is no run.
        OptionError: `level` is not one.
        RuntimeError: An event loop is running here; await `aexecute` instead.
    """
    _refuse_running_loop("execute", "aexecute")
    run = _Run(workflow, inputs or {}, level, recorder)
    try:
        asyncio.run(run.go(session_id, tags))
    except (KeyboardInterrupt, SystemExit) as error:
        run.error = error
    return run.result()


async def aexecute(
    workflow: Workflow,
    inputs: Mapping[str, Any] | None = None,
    *,
    level: str | None = None,
    session_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    recorder: Recorder | None = None,
) -> RunResult:
    """Run a workflow inside a running event loop; see `execute`.

    A run that is cancelled is recorded as such, and the cancellation goes on to the caller.
    """
    run = _Run(workflow, inputs or {}, level, recorder)
    await run.go(session_id, tags)
    return run.result()


class _Run:
    """One run while it happens."""

    def __init__(
        self,
        workflow: Workflow,
        inputs: Mapping[str, Any],
        level: str | None,
        recorder: Recorder | None,
    ) -> None:
        self.workflow = workflow
        self.level = resolve_level(workflow, level)
        self.state = initial_state(workflow.fields, inputs)
        self.inputs = {name: self.state[name] for name in inputs}
        self.recorder = recorder
        self.scope = RunScope()
        self.error: BaseException | None = None
        self.run_id: str | None = None
        self.trace_id: str | None = None
        self.started = time.perf_counter()

    async def go(self, session_id: str | None, tags: Mapping[str, str] | None) -> None:
        """Run to the end; keep an exception, let a cancellation through."""
        workflow = self.workflow
        redact_pii = workflow.config.observability.redact_pii
        try:
            with trace(
                workflow.name,
                type=SpanType.WORKFLOW,
                tags={**(tags or {}), names.TAG_WORKFLOW: workflow.name},
                session_id=session_id,
                input=self.inputs,
                attributes=_attributes(workflow),
                level=self.level,
                policy=RedactionPolicy(pii=True) if redact_pii else None,
                recorder=self.recorder,
            ) as active:
                self.run_id, self.trace_id = active.run_id, active.trace_id
                await self._walk()
                active.output = self._output()
        except Exception as error:  # noqa: BLE001 - a node's exception is the result's content
            self.error = error
        except BaseException as error:
            self.error = error
            raise

    def result(self) -> RunResult:
        """Say what came of it."""
        status = Status.OK if self.error is None else status_of(self.error)
        failed = STATUS_TABLE[status].is_error
        return RunResult(
            workflow_name=self.workflow.name,
            run_id=self.run_id,
            trace_id=self.trace_id,
            level=self.level,
            status=status,
            error=self.error,
            failed_node=self.scope.active_node if failed else None,
            result=None if failed else self._output(),
            state=self.state,
            steps=tuple(self.scope.steps),
            nodes_total=len(self.workflow.nodes),
            duration_ms=(time.perf_counter() - self.started) * 1000,
        )

    async def _walk(self) -> None:
        graphs = self.workflow.graphs
        if self.level not in graphs:
            graphs[self.level] = compile_workflow(self.workflow, self.level)
        graph = graphs[self.level]
        limit_s = self.workflow.config.execution.timeout
        token = current_run.set(self.scope)
        deadline = asyncio.timeout(limit_s)
        try:
            async with deadline:
                async for values in graph.astream(
                    self.state,
                    {"recursion_limit": len(self.workflow.nodes) + 1},
                    stream_mode="values",
                ):
                    self.state = {name: values.get(name) for name in self.state}
        except TimeoutError:
            if not deadline.expired():
                raise
            raise TimeoutError(
                f"The workflow {self.workflow.name!r} ran longer than {limit_s:g} s "
                f"(config.execution.timeout); the node {self.scope.active_node!r} was running."
            ) from None
        finally:
            current_run.reset(token)
            await self.scope.aclose()

    def _output(self) -> Any:
        values = {name: self.state[name] for name in self.workflow.outputs}
        return next(iter(values.values())) if len(values) == 1 else values


def _attributes(workflow: Workflow) -> dict[str, Any]:
    attributes = {
        names.WORKFLOW_NAME: workflow.name,
        names.WORKFLOW_NODES_TOTAL: len(workflow.nodes),
    }
    if workflow.flow.version is not None:
        attributes[names.WORKFLOW_VERSION] = workflow.flow.version
    return attributes


def _raise_error(result: RunResult) -> RunResult:
    if result.error is not None:
        raise result.error
    return result


def _refuse_running_loop(here: str, instead: str) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        f"{here}() cannot be called where an event loop is running. Use: await {instead}(...)"
    )
