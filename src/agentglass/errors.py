"""Every exception of agentglass, each with the exit code that the CLI gives it.

An error says what happened with the value, what was expected, and what to do next. It keeps its
facts as attributes and builds its own message.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module

__all__ = [
    "AgentglassError",
    "BudgetExceededError",
    "ConfigLoadError",
    "ConfigValidationError",
    "GraphBuildError",
    "InputError",
    "InstrumentationError",
    "InstrumentorAlreadyActiveError",
    "InstrumentorNotActiveError",
    "MissingExtraError",
    "NodeError",
    "OptionError",
    "Problem",
    "ProviderError",
    "ResumeError",
    "RunNotFoundError",
    "StateInitializationError",
    "StepValidationError",
    "StoreBusyError",
    "StoreError",
    "StoreLostError",
    "StoreVersionError",
    "ToolError",
    "TraceFormatError",
    "TraceFormatWarning",
    "TracerError",
    "TracerNotActiveError",
    "WorkflowExecutionError",
    "WorkflowFileError",
    "did_you_mean",
    "error_text",
]


class AgentglassError(Exception):
    """The root of all errors that agentglass raises on purpose."""

    exit_code: int = 1
    """What the CLI exits with: 1 for a run that failed, 2 when nothing was run."""


class OptionError(AgentglassError, ValueError):
    """An option or a setting has a value that cannot be used."""

    exit_code = 2


class MissingExtraError(AgentglassError, ImportError):
    """An optional library is needed and not installed."""

    exit_code = 2

    def __init__(self, feature: str, extra: str, module: str | None = None) -> None:
        self.feature = feature
        self.extra = extra
        self.module = module
        missing = f" (the module {module!r} is missing)" if module else ""
        super().__init__(
            f"{feature} needs an optional dependency{missing}. "
            f"Run: pip install 'agentglass[{extra}]'"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong in a workflow file."""

    message: str
    """What happened, with the value, and what was expected."""
    file: str = ""
    line: int = 0
    """Counted from 1; 0 when the place is not known."""
    column: int = 0
    path: str = ""
    """Where in the document, as in `nodes[2].prompt`."""
    code: str = "invalid"
    """A stable word for scripts, as in `unknown-key`."""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return f"{place}: {self.message}" if place else self.message


class WorkflowFileError(AgentglassError, ValueError):
    """A workflow file cannot be used; carries every problem that was found in it."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ConfigLoadError(WorkflowFileError):
    """A workflow file cannot be read at all: it is missing, not text, or not one YAML mapping."""


class ConfigValidationError(WorkflowFileError):
    """A workflow file was read, and what it says does not make a workflow."""


class GraphBuildError(AgentglassError):
    """A valid workflow could not be compiled to a graph."""

    exit_code = 2

    def __init__(self, workflow_name: str, reason: str) -> None:
        self.workflow_name = workflow_name
        super().__init__(f"The workflow {workflow_name!r} cannot be compiled: {reason}")


class InputError(AgentglassError, ValueError):
    """Something was given to a run that does not fit the workflow."""

    exit_code = 2


class StateInitializationError(InputError):
    """The inputs of a run do not make a state that the workflow can begin with."""


class ResumeError(InputError):
    """A run cannot go on as it was asked to."""


class WorkflowExecutionError(AgentglassError):
    """A run has failed; the exception that ended it is `original_error`, the object itself."""

    def __init__(
        self,
        workflow_name: str,
        node_id: str | None,
        original_error: Exception,
        result: object = None,
    ) -> None:
        self.workflow_name = workflow_name
        self.node_id = node_id
        """The node that failed; None where the run failed as a whole, as at its time limit."""
        self.phase = "run" if node_id is None else "node"
        """`node` or `run`: what failed."""
        self.original_error = original_error
        self.result = result
        """The `RunResult`, with the state that was reached."""
        self.exit_code = getattr(original_error, "exit_code", 1)
        where = f"node {node_id!r}" if node_id is not None else "the run"
        super().__init__(
            f"Workflow {workflow_name!r}, {where} failed: {error_text(original_error)}"
        )


class NodeError(AgentglassError):
    """A node could not do its work, and the fault is not an exception of user code."""

    def __init__(self, node_id: str, message: str) -> None:
        self.node_id = node_id
        super().__init__(f"Node {node_id!r}: {message}")


class ToolError(AgentglassError, ValueError):
    """A tool cannot be used, or cannot be called with these arguments; a model can act on it."""

    def __init__(self, tool: str, message: str) -> None:
        self.tool = tool
        super().__init__(f"Tool {tool!r}: {message}")


class ProviderError(AgentglassError):
    """A model provider did not give a usable answer."""

    def __init__(
        self, provider: str, model: str, message: str, *, status_code: int | None = None
    ) -> None:
        self.provider = provider
        self.model = model
        self.status_code = status_code
        super().__init__(f"{provider}/{model}: {message}")


class BudgetExceededError(AgentglassError):
    """A budget does not allow the next call."""

    exit_code = 4


class StoreError(AgentglassError, OSError):
    """The local store cannot be read or written."""


class StoreBusyError(StoreError):
    """Another program holds the store; it may let go of it."""


class StoreLostError(StoreError):
    """The file of the store is damaged or gone: recording needs another one."""


class StoreVersionError(StoreError):
    """The store was written by a newer agentglass."""

    def __init__(self, path: str, found: int, supported: int) -> None:
        self.path = path
        self.found = found
        self.supported = supported
        super().__init__(
            f"The store {path!r} has version {found}; this agentglass reads versions up to "
            f"{supported}. Upgrade agentglass, or set AGENTGLASS_HOME to another directory."
        )


class RunNotFoundError(AgentglassError, LookupError):
    """No run in the store answers to that name."""

    exit_code = 2

    def __init__(self, ref: str, candidates: Sequence[str] = ()) -> None:
        self.ref = ref
        self.candidates = tuple(candidates)
        if ref == "last":
            super().__init__("There are no runs yet. Make one with: agentglass run FILE")
            return
        if candidates:
            reason = f"Run {ref!r} is ambiguous. It could be: {', '.join(candidates)}."
        else:
            reason = f"There is no run {ref!r} in the store."
        super().__init__(f"{reason} List the runs with: agentglass runs")


class InstrumentationError(AgentglassError):
    """A library could not be instrumented, or is not in the state that was expected."""


class InstrumentorAlreadyActiveError(InstrumentationError):
    """An instrumentor is told to begin that has begun."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"{name} is active already. Call uninstrument() first, or leave the second "
            "instrument() out."
        )


class InstrumentorNotActiveError(InstrumentationError):
    """An instrumentor is told to end that has not begun."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} is not active. Call instrument() before uninstrument().")


class TraceFormatError(AgentglassError, ValueError):
    """A trace run does not follow the format."""

    exit_code = 2


class TracerError(AgentglassError):
    """A `Tracer` cannot do what it was asked for."""


class TracerNotActiveError(TracerError):
    """A step was recorded before the run began or after it ended."""


class StepValidationError(TracerError, ValueError):
    """A step was given a value that does not fit; names the step and the field."""

    exit_code = 2


class TraceFormatWarning(UserWarning):
    """A trace run holds what this version does not understand."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?` for the nearest known word, or an empty string."""
    # Loaded when somebody has made a mistake: it takes a tenth of the time to import agentglass.
    near = import_module("difflib").get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean {near[0]!r}?" if near else ""


def error_text(error: BaseException) -> str:
    """Return `ValueError: why` for any exception; errors of agentglass speak for themselves."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - user code: an exception whose text cannot be made
        text = "<its message cannot be read>"
    if isinstance(error, AgentglassError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
