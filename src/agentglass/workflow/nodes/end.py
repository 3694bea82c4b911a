"""The `end` node: ends the run, well or not."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from agentglass.errors import NodeError
from agentglass.workflow.node_config import NodeConfig
from agentglass.workflow.node_types import NodeContext, NodeType, NodeWork, Visit
from agentglass.workflow.templates import as_text, render

__all__ = ["NODE_TYPE", "EndNode"]


class EndNode(NodeConfig):
    """Ends the run; no edge leaves it."""

    template_keys: ClassVar[tuple[str, ...]] = ("message", "values")

    type: Literal["end"]
    status: Literal["ok", "error"] = "ok"
    """`error` fails the run."""
    message: str | None = None
    """Why; a template."""
    values: dict[str, Any] = Field(default_factory=dict)
    """State field -> template, written before the end."""

    def written_fields(self) -> tuple[str, ...]:
        """Return the fields that `values` names."""
        return tuple(self.values)


def _compile(config: EndNode, context: NodeContext) -> NodeWork:
    async def work(visit: Visit) -> dict[str, Any]:
        message = as_text(render(config.message, visit.scope, visit.resolutions))
        if config.status == "error":
            raise NodeError(config.id, message or "the workflow ends here with an error.")
        return {
            name: render(value, visit.scope, visit.resolutions)
            for name, value in config.values.items()
        }

    return work


NODE_TYPE = NodeType(EndNode, _compile, needs_extra="run")
