"""Python functions as tools: their arguments as a JSON Schema, and calls that are recorded."""

from agentglass.plugins import lazy_names

__all__ = ["Signature", "WorkflowTool", "load_tool", "parameters_schema", "read_signature"]

__getattr__ = lazy_names(
    __name__,
    {
        "Signature": "agentglass.workflow.tools.signature:Signature",
        "WorkflowTool": "agentglass.workflow.tools.tool:WorkflowTool",
        "load_tool": "agentglass.workflow.tools.load:load_tool",
        "parameters_schema": "agentglass.workflow.tools.signature:parameters_schema",
        "read_signature": "agentglass.workflow.tools.signature:read_signature",
    },
)
