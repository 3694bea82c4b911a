"""What `agentglass run` does: run, keep the record, print the result."""

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from agentglass.cli.progress import Progress
from agentglass.cli.stores import Stores
from agentglass.cli.terminal import complain, is_interactive, print_json, print_text
from agentglass.cli.watching import Watch
from agentglass.errors import AgentglassError, BudgetExceededError, OptionError, error_text
from agentglass.record import Recorder, current_recorder
from agentglass.record.recorder import close_all
from agentglass.record.sigterm import close_on_sigterm
from agentglass.redact import RedactionPolicy, Redactor
from agentglass.sinks.debug_file import DebugFileSink
from agentglass.spans import STATUS_TABLE, SpanType, Trace
from agentglass.workflow.envelope import run_envelope
from agentglass.workflow.levels import resolve_level
from agentglass.workflow.loading import load
from agentglass.workflow.result import RunResult
from agentglass.workflow.run import execute
from agentglass.workflow.workflow import Workflow

__all__ = ["run_and_print"]

_logger = logging.getLogger("agentglass")

_SHOWN = frozenset({SpanType.NODE, SpanType.LLM, SpanType.TOOL, SpanType.AGENT})


def run_and_print(
    file: Path,
    inputs: Mapping[str, str],
    *,
    as_json: bool,
    debug_file: bool,
    watch: bool,
    level: str | None,
    model: str | None,
    session_id: str | None,
    tags: Mapping[str, str],
) -> int:
    """Run a workflow and print what came of it; returns the exit code.

    Raises:
        AgentglassError: There was no run.
    """
    recorder = current_recorder()
    close_on_sigterm(close_all)
    workflow = load(file, model=model)
    watcher = _watch(recorder, workflow, level) if watch else None
    with watcher or _progress(recorder):
        result = execute(workflow, inputs, level=level, session_id=session_id, tags=tags)
        trace = _recorded(recorder, result)
    if watcher is not None:
        watcher.show_end(trace)
    envelope = run_envelope(result, trace) if as_json else None
    redactor = Redactor(RedactionPolicy(pii=workflow.config.observability.redact_pii))
    if debug_file:
        _write_debug_file(trace, redactor.redact_value(envelope))
    if envelope is not None:
        print_json(envelope)
    elif result.error is None:
        _print_result(result.result)
    else:
        _print_failure(result, result.error, redactor)
    return _exit_code(result)


def _watch(recorder: Recorder, workflow: Workflow, level: str | None) -> Watch:
    if resolve_level(workflow, level) == "off":
        raise OptionError(
            "--watch shows what is recorded, and at the level 'off' nothing is. "
            "Add --level metrics or --level trace, or leave out --watch."
        )
    return Watch(recorder, workflow.name)


def _progress(recorder: Recorder) -> AbstractContextManager[object]:
    if not is_interactive():
        return nullcontext()
    return Progress(lambda: _describe_steps(recorder))


def _describe_steps(recorder: Recorder) -> str:
    steps = [span.name for span in list(recorder.open_spans) if span.type in _SHOWN]
    return f"running {' > '.join(steps)}" if steps else "running"


def _recorded(recorder: Recorder, result: RunResult) -> Trace | None:
    """Return the record of the run, once it is kept; a record that is not there is no fault."""
    if result.trace_id is None:
        return None
    try:
        receipt = recorder.flush()
        trace = Stores().get(result.trace_id) or recorder.store.get_trace(result.trace_id)
    except AgentglassError as error:
        _logger.warning("the record of this run cannot be read: %s", error)
        return None
    if receipt.dropped:
        _logger.warning("the record of this run is not whole: %d spans dropped", receipt.dropped)
    return trace


def _write_debug_file(trace: Trace | None, envelope: Mapping[str, Any] | None) -> None:
    if trace is None:
        complain("Warning: no trace file was written: the run has no record.")
        return
    try:
        path = DebugFileSink().write(trace, envelope)
    except (OSError, AgentglassError) as error:
        complain(f"Warning: the trace file could not be written: {error}")
    else:
        complain(f"Trace: {path}")


def _print_result(value: Any) -> None:
    if isinstance(value, str):
        print_text(value)
    else:
        print_json(value)


def _print_failure(result: RunResult, error: BaseException, redactor: Redactor) -> None:
    """Say what failed; redacted, because stderr is often kept in a log."""
    what = error_text(error)
    where = f"Node {result.failed_node!r} failed: " if result.failed_node else ""
    # A NodeError names its node itself.
    message = what if what.startswith("Node ") else f"{where}{what}"
    complain(str(redactor.redact_value(message)))
    if result.run_id is not None:
        complain(f"Show the run with: agentglass show {result.run_id[:8]}")


def _exit_code(result: RunResult) -> int:
    if isinstance(result.error, BudgetExceededError):
        return result.error.exit_code
    return STATUS_TABLE[result.status].exit_code
