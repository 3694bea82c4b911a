"""TraceRun: a run as a portable list of typed steps, and the way from spans to it and back."""

from agentglass.plugins import lazy_names

__all__ = [
    "FORMAT_VERSION",
    "STEP_CLASSES",
    "AgentInfo",
    "AnyStep",
    "AsyncTracer",
    "BaseStep",
    "FieldChange",
    "FinalOutputStep",
    "InterruptStep",
    "LLMCallStep",
    "MemoryReadStep",
    "MemoryWriteStep",
    "OpaqueStep",
    "ResourceImpact",
    "RetrievalResult",
    "RetrievalStep",
    "RunReader",
    "RunState",
    "StateChangeStep",
    "StepType",
    "TaskInfo",
    "ToolCallStep",
    "TraceRun",
    "TraceStep",
    "Tracer",
    "UserInputStep",
    "keep_run",
    "open_run",
    "read_run",
    "run_from_trace",
    "spans_from_run",
    "write_run",
]

_MODULES = {
    "agentglass.steps.types": (
        "AgentInfo",
        "FieldChange",
        "ResourceImpact",
        "RetrievalResult",
        "StepType",
        "TaskInfo",
    ),
    "agentglass.steps.steps": (
        "STEP_CLASSES",
        "AnyStep",
        "BaseStep",
        "FinalOutputStep",
        "InterruptStep",
        "LLMCallStep",
        "MemoryReadStep",
        "MemoryWriteStep",
        "OpaqueStep",
        "RetrievalStep",
        "StateChangeStep",
        "ToolCallStep",
        "TraceStep",
        "UserInputStep",
    ),
    "agentglass.steps.run": ("FORMAT_VERSION", "RunState", "TraceRun"),
    "agentglass.steps.files": ("open_run", "read_run", "write_run"),
    "agentglass.steps.keep": ("keep_run",),
    "agentglass.steps.reader": ("RunReader",),
    "agentglass.steps.from_spans": ("run_from_trace",),
    "agentglass.steps.tracer": ("AsyncTracer", "Tracer"),
    "agentglass.steps.to_spans": ("spans_from_run",),
}

__getattr__ = lazy_names(
    __name__, {name: f"{module}:{name}" for module, names in _MODULES.items() for name in names}
)
