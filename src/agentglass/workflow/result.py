"""What came of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentglass.spans import Level, Status
from agentglass.workflow.run_scope import ModelCall, NodeFailure, Question, Step

__all__ = ["RunResult"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What came of a run; complete at every level, `off` included."""

    workflow_name: str
    run_id: str | None
    """None at level `off`, unless the run can go on in another process."""
    trace_id: str | None
    level: Level
    status: Status
    error: BaseException | None
    """The exception that ended the run, the object itself."""
    failed_node: str | None
    result: Any
    """The value of the workflow's output; by name where there are several; None after a failure."""
    state: Mapping[str, Any]
    """The last state that is known: after a failure, the one before the failed node."""
    steps: tuple[Step, ...]
    questions: tuple[Question, ...] = ()
    """What the run waits for, when its status is `interrupted`."""
    failures: tuple[NodeFailure, ...] = ()
    """The nodes that failed and were allowed to; the status is then `degraded`."""
    outputs_so_far: Mapping[str, Any]
    """The outputs of the workflow that have a value, also after a failure."""
    can_resume: bool = False
    """Whether `resume_run` can go on with it, after a failure too."""
    nodes_total: int
    duration_ms: float

    @property
    def model_calls(self) -> tuple[ModelCall, ...]:
        """The model calls that `llm` nodes made, in order."""
        return tuple(call for step in self.steps for call in step.calls)
