"""What `agentglass resume`, `approve` and `reject` do: find the run, go on, print the result."""

from agentglass.cli.outcome import recorded, report
from agentglass.cli.running import show_progress
from agentglass.record import current_recorder
from agentglass.record.recorder import close_all
from agentglass.record.sigterm import close_on_sigterm
from agentglass.redact import Redactor
from agentglass.workflow.resume import find_run, resume_run, yes_or_no

__all__ = ["resume_and_print"]


def resume_and_print(
    run: str,
    answer: str | bool | None,
    *,
    node: str | None,
    redo: frozenset[str],
    allow_changed: bool,
    as_json: bool,
) -> int:
    """Go on with a run and print what came of it; returns the exit code.

    Args:
        run: A run id or its beginning; `last` for the latest that can go on.
        answer: Text, or yes or no in the words of the question; None goes on without one.
        node: Whose question it is.
        redo: Nodes that may be done again.
        allow_changed: Go on although the file has changed.
        as_json: Print the envelope.

    Raises:
        AgentglassError: The run did not go on.
    """
    recorder = current_recorder()
    close_on_sigterm(close_all)
    record = find_run(run, waiting=answer is not None)
    if isinstance(answer, bool):
        answer = yes_or_no(record, node, is_yes=answer)
    with show_progress(recorder):
        result = resume_run(
            record,
            answer,
            has_answer=answer is not None,
            node=node,
            redo=redo,
            allow_changed=allow_changed,
        )
        trace = recorded(recorder, result)
    return report(result, trace, Redactor(), as_json=as_json, debug_file=False)
