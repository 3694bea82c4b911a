"""The `set` node: writes values and rendered templates to state fields."""

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from pydantic import Field

from agentglass.workflow.node_config import NodeConfig
from agentglass.workflow.node_types import Finding, NodeContext, NodeType, NodeWork, Visit
from agentglass.workflow.templates import render, templates_in

__all__ = ["NODE_TYPE", "SetNode"]


class SetNode(NodeConfig):
    """Writes values to state fields."""

    template_keys: ClassVar[tuple[str, ...]] = ("values",)

    type: Literal["set"]
    values: dict[str, Any] = Field(min_length=1)
    """State field -> template or literal. All are filled in before any of them is written."""

    def written_fields(self) -> tuple[str, ...]:
        """Return the fields that `values` names."""
        return tuple(self.values)


def _compile(config: SetNode, context: NodeContext) -> NodeWork:
    async def work(visit: Visit) -> dict[str, Any]:
        return {
            name: render(value, visit.scope, visit.resolutions)
            for name, value in config.values.items()
        }

    return work


def _check(config: SetNode, context: NodeContext) -> Iterable[Finding]:
    if config.outputs:
        yield Finding(("outputs",), "unknown-key", "A 'set' node writes the fields of `values`.")
    for name, value in config.values.items():
        wanted = context.fields.get(name)
        is_literal = next(templates_in(value), None) is None
        if wanted is None or not is_literal or value is None:
            continue
        mismatch = wanted.mismatch(value)
        if mismatch:
            yield Finding(("values", name), "type", f"The state field {name!r}: {mismatch}.")


NODE_TYPE = NodeType(SetNode, _compile, _check, needs_extra="run")
