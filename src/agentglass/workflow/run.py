"""Run a workflow: from a file, from its content, to the end, or event by event."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Unpack

from agentglass.errors import WorkflowExecutionError
from agentglass.workflow.execution import Execution, RunOptions
from agentglass.workflow.loading import load, load_config
from agentglass.workflow.result import RunResult
from agentglass.workflow.workflow import Workflow

__all__ = [
    "aexecute",
    "arun",
    "astream_events",
    "execute",
    "run_workflow",
    "run_workflow_from_config",
]


def run_workflow(
    path: str | Path,
    inputs: Mapping[str, Any] | None = None,
    **options: Unpack[RunOptions],
) -> RunResult:
    """Load and run a workflow file.

    A run that waits for somebody's answer is no failure: its result has the status `interrupted`
    and the questions; `resume_run` goes on with it.

    Args:
        path: A YAML or JSON file.
        inputs: State fields by name; texts are read as values of the field's type.
        options: How the run is made; see `RunOptions`.

    Raises:
        ConfigLoadError: The file cannot be read.
        ConfigValidationError: It is no workflow.
        StateInitializationError: The inputs do not fit the workflow.
        OptionError: `level` or `model` is not one.
        WorkflowExecutionError: The run has failed; `original_error` is the exception itself, and
            `result` holds the state that was reached.
        RuntimeError: An event loop is running here; await `arun` instead.
    """
    _refuse_running_loop("run_workflow", "arun")
    return _raise_error(execute(load(path, model=options.get("model")), inputs, **options))


def run_workflow_from_config(
    config: Mapping[str, Any],
    inputs: Mapping[str, Any] | None = None,
    *,
    directory: str | Path = ".",
    **options: Unpack[RunOptions],
) -> RunResult:
    """Run a workflow from what its file would hold; see `run_workflow`.

    Args:
        config: The sections of a workflow file.
        inputs: State fields by name.
        directory: Where the modules and files are that it names.
        options: How the run is made; see `RunOptions`.
    """
    _refuse_running_loop("run_workflow_from_config", "aexecute")
    workflow = load_config(config, directory=directory, model=options.get("model"))
    return _raise_error(execute(workflow, inputs, **options))


async def arun(
    path: str | Path,
    inputs: Mapping[str, Any] | None = None,
    **options: Unpack[RunOptions],
) -> RunResult:
    """Load and run a workflow file inside a running event loop; see `run_workflow`."""
    return _raise_error(await aexecute(load(path, model=options.get("model")), inputs, **options))


async def astream_events(
    path: str | Path,
    inputs: Mapping[str, Any] | None = None,
    **options: Unpack[RunOptions],
) -> AsyncIterator[dict[str, Any]]:
    """Run a workflow file, and yield what happens while it happens.

    Events are JSON values with the key `event`: `run_started` (workflow, run_id), `node_started`
    and `node_skipped` (node), `node_ended` (node, status, duration_ms, error), and at last
    `run_ended` (status). Those of a sub-workflow name it in `within`. The final event carries the
    `RunResult` under `result`. Whoever stops listening cancels the run.

    Raises:
        WorkflowExecutionError: The run has failed; raised after `run_ended`.
    """
    workflow = load(path, model=options.get("model"))
    happened: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
    options["listener"] = happened.put_nowait
    running = asyncio.ensure_future(aexecute(workflow, inputs, **options))
    running.add_done_callback(lambda _: happened.put_nowait({}))
    try:
        while event := await happened.get():
            if event["event"] != "run_ended":
                yield dict(event)
        result = await running
        yield {"event": "run_ended", "status": str(result.status), "result": result}
        _raise_error(result)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await running


def execute(
    workflow: Workflow,
    inputs: Mapping[str, Any] | None = None,
    **options: Unpack[RunOptions],
) -> RunResult:
    """Run a workflow; a run that fails or is interrupted from the keyboard is a result too.

    Raises:
        StateInitializationError: The inputs do not fit the workflow, so there is no run.
        OptionError: The level is not one.
        RuntimeError: An event loop is running here; await `aexecute` instead.
    """
    _refuse_running_loop("execute", "aexecute")
    return finish(Execution(workflow, inputs or {}, options))


async def aexecute(
    workflow: Workflow,
    inputs: Mapping[str, Any] | None = None,
    **options: Unpack[RunOptions],
) -> RunResult:
    """Run a workflow inside a running event loop; see `execute`.

    A run that is cancelled is recorded as such, and the cancellation goes on to the caller.
    """
    run = Execution(workflow, inputs or {}, options)
    await run.go()
    return run.result()


def finish(run: Execution) -> RunResult:
    """Run to the end, in an event loop of its own."""
    try:
        asyncio.run(run.go())
    except (KeyboardInterrupt, SystemExit) as error:
        run.error = error
    return run.result()


def _raise_error(result: RunResult) -> RunResult:
    """Raise what ended a run; what is no fault of the workflow is raised as it is."""
    error = result.error
    if isinstance(error, Exception):
        name, node = result.workflow_name, result.failed_node
        raise WorkflowExecutionError(name, node, error, result) from error
    if error is not None:
        raise error
    return result


def _refuse_running_loop(here: str, instead: str) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        f"{here}() cannot be called where an event loop is running. Use: await {instead}(...)"
    )
