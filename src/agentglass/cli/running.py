"""What `agentglass run` does: run, keep the record, print the result."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from agentglass.cli.outcome import recorded, report
from agentglass.cli.progress import Progress
from agentglass.cli.terminal import is_interactive
from agentglass.cli.watching import Watch
from agentglass.errors import OptionError
from agentglass.record import Recorder, current_recorder
from agentglass.record.recorder import close_all
from agentglass.record.sigterm import close_on_sigterm
from agentglass.redact import RedactionPolicy, Redactor
from agentglass.spans import SpanType
from agentglass.workflow.levels import resolve_level
from agentglass.workflow.loading import load
from agentglass.workflow.run import execute
from agentglass.workflow.workflow import Workflow

__all__ = ["run_and_print", "show_progress"]

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
    durable: bool | None,
) -> int:
    """Run a workflow and print what came of it; returns the exit code.

    Raises:
        AgentglassError: There was no run.
    """
    recorder = current_recorder()
    close_on_sigterm(close_all)
    workflow = load(file, model=model)
    watcher = _watch(recorder, workflow, level) if watch else None
    with watcher or show_progress(recorder):
        result = execute(
            workflow,
            inputs,
            level=level,
            model=model,
            session_id=session_id,
            tags=tags,
            durable=durable,
        )
        trace = recorded(recorder, result)
    if watcher is not None:
        watcher.show_end(trace)
    redactor = Redactor(RedactionPolicy(pii=workflow.config.observability.redact_pii))
    return report(result, trace, redactor, as_json=as_json, debug_file=debug_file)


def _watch(recorder: Recorder, workflow: Workflow, level: str | None) -> Watch:
    if resolve_level(workflow, level) == "off":
        raise OptionError(
            "--watch shows what is recorded, and at the level 'off' nothing is. "
            "Add --level metrics or --level trace, or leave out --watch."
        )
    return Watch(recorder, workflow.name)


def show_progress(recorder: Recorder) -> AbstractContextManager[object]:
    """Return what shows a line about the steps that run, where there is a terminal."""
    if not is_interactive():
        return nullcontext()
    return Progress(lambda: _describe_steps(recorder))


def _describe_steps(recorder: Recorder) -> str:
    steps = [span.name for span in list(recorder.open_spans) if span.type in _SHOWN]
    return f"running {' > '.join(steps)}" if steps else "running"
