"""Workflows: load a file, compile it to a graph, run it, record every step."""

from agentglass.plugins import lazy_names

__all__ = [
    "RunResult",
    "Step",
    "Workflow",
    "aexecute",
    "arun_workflow",
    "compile_workflow",
    "execute",
    "load_workflow",
    "run_workflow",
    "validate_workflow",
    "workflow_schema",
]

__getattr__ = lazy_names(
    __name__,
    {
        "RunResult": "agentglass.workflow.result:RunResult",
        "Step": "agentglass.workflow.run_scope:Step",
        "Workflow": "agentglass.workflow.workflow:Workflow",
        "aexecute": "agentglass.workflow.run:aexecute",
        "arun_workflow": "agentglass.workflow.run:arun_workflow",
        "compile_workflow": "agentglass.workflow.compile:compile_workflow",
        "execute": "agentglass.workflow.run:execute",
        "load_workflow": "agentglass.workflow.load:load_workflow",
        "run_workflow": "agentglass.workflow.run:run_workflow",
        "validate_workflow": "agentglass.workflow.load:validate_workflow",
        "workflow_schema": "agentglass.workflow.schema:workflow_schema",
    },
)
