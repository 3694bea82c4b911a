"""What came of a run, told: the result on stdout, the rest on stderr, and the exit code."""

import logging
from collections.abc import Mapping
from typing import Any

from agentglass.cli.stores import Stores
from agentglass.cli.terminal import complain, print_json, print_text, visible
from agentglass.errors import AgentglassError, BudgetExceededError, error_text
from agentglass.record import Recorder
from agentglass.redact import Redactor
from agentglass.sinks.debug_file import DebugFileSink
from agentglass.spans import STATUS_TABLE, Status, Trace
from agentglass.workflow.envelope import run_envelope
from agentglass.workflow.result import RunResult
from agentglass.workflow.run_scope import Question

__all__ = ["recorded", "report"]

_logger = logging.getLogger("agentglass")


def report(
    result: RunResult, trace: Trace | None, redactor: Redactor, *, as_json: bool, debug_file: bool
) -> int:
    """Print what came of a run; returns the exit code."""
    envelope = run_envelope(result, trace) if as_json else None
    if debug_file:
        _write_debug_file(trace, redactor.redact_value(envelope))
    if envelope is not None:
        print_json(envelope)
    elif result.status is Status.INTERRUPTED:
        _print_questions(result)
    elif result.error is None:
        _print_result(result.result)
        _print_forgiven(result, redactor)
    else:
        _print_failure(result, result.error, redactor)
    return _exit_code(result)


def recorded(recorder: Recorder, result: RunResult) -> Trace | None:
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


def _print_forgiven(result: RunResult, redactor: Redactor) -> None:
    for failure in result.failures:
        what = f"Node {failure.node_id!r} failed and the run went on: {error_text(failure.error)}"
        complain(f"Warning: {redactor.redact_value(what)}")


def _print_questions(result: RunResult) -> None:
    """Say what the run waits for, and how to answer."""
    run = (result.run_id or "")[:8]
    complain(f"The run {run} waits for an answer.")
    for question in result.questions:
        first, *more = question.prompt.splitlines() or [""]
        complain(f"  {question.node_id}: {visible(first)}")
        for line in more:
            complain(f"    {visible(line)}")
        if question.choices:
            complain(f"  Choices: {', '.join(map(visible, question.choices))}")
        which = f" --node {question.node_id}" if len(result.questions) > 1 else ""
        complain(f"Answer with: agentglass resume {run}{which} --answer {_example(question)}")


def _example(question: Question) -> str:
    if question.choices:
        return repr(question.choices[0])
    examples = {"boolean": "true", "integer": "1", "number": "1.5", "array": "'[...]'"}
    kind = None if question.schema is None else question.schema.get("type")
    return "'...'" if kind is None else examples.get(str(kind), "'{...}'")


def _print_failure(result: RunResult, error: BaseException, redactor: Redactor) -> None:
    """Say what failed; redacted, because stderr is often kept in a log."""
    what = error_text(error)
    where = f"Node {result.failed_node!r} failed: " if result.failed_node else ""
    # A NodeError names its node itself.
    message = what if what.startswith("Node ") else f"{where}{what}"
    complain(str(redactor.redact_value(message)))
    if result.run_id is not None:
        complain(f"Show the run with: agentglass show {result.run_id[:8]}")
    if result.can_resume:
        complain(f"Go on with it with: agentglass resume {(result.run_id or '')[:8]}")


def _exit_code(result: RunResult) -> int:
    if isinstance(result.error, BudgetExceededError):
        return result.error.exit_code
    return STATUS_TABLE[result.status].exit_code
