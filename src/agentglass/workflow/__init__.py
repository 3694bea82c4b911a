"""Workflows: load a file, compile it to a graph, run it, record every step."""

from agentglass.plugins import lazy_names

__all__ = [
    "Question",
    "RunOptions",
    "RunResult",
    "Step",
    "Workflow",
    "aexecute",
    "arun",
    "astream_events",
    "compile_workflow",
    "execute",
    "find_run",
    "keep_alive",
    "load",
    "load_config",
    "resume_run",
    "run_workflow",
    "run_workflow_from_config",
    "validate_workflow",
    "workflow_schema",
]

__getattr__ = lazy_names(
    __name__,
    {
        "Question": "agentglass.workflow.run_scope:Question",
        "RunOptions": "agentglass.workflow.execution:RunOptions",
        "RunResult": "agentglass.workflow.result:RunResult",
        "Step": "agentglass.workflow.run_scope:Step",
        "Workflow": "agentglass.workflow.workflow:Workflow",
        "aexecute": "agentglass.workflow.run:aexecute",
        "arun": "agentglass.workflow.run:arun",
        "astream_events": "agentglass.workflow.run:astream_events",
        "compile_workflow": "agentglass.workflow.compile:compile_workflow",
        "execute": "agentglass.workflow.run:execute",
        "find_run": "agentglass.workflow.resume:find_run",
        "keep_alive": "agentglass.workflow.signs_of_life:keep_alive",
        "load": "agentglass.workflow.loading:load",
        "load_config": "agentglass.workflow.loading:load_config",
        "resume_run": "agentglass.workflow.resume:resume_run",
        "run_workflow": "agentglass.workflow.run:run_workflow",
        "run_workflow_from_config": "agentglass.workflow.run:run_workflow_from_config",
        "validate_workflow": "agentglass.workflow.loading:validate_workflow",
        "workflow_schema": "agentglass.workflow.schema:workflow_schema",
    },
)
