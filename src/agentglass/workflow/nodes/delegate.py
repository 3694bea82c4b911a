"""The `delegate` node: hands a question to an agent or a team."""

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from pydantic import Field

from agentglass.errors import NodeError
from agentglass.workflow.agents import Delegation
from agentglass.workflow.agents.checks import check_delegate
from agentglass.workflow.field_types import FieldType
from agentglass.workflow.node_config import NodeConfig
from agentglass.workflow.node_types import Finding, NodeContext, NodeType, NodeWork, Visit
from agentglass.workflow.templates import as_text, render

__all__ = ["NODE_TYPE", "DelegateNode"]

_TEXT = FieldType("str")
_PARTS = {
    "answer": _TEXT,
    "findings": FieldType("object"),
    "specialists": FieldType("list", _TEXT),
}


class DelegateNode(NodeConfig):
    """Hands a question to an agent or a team.

    Writes `answer`, `findings` and `specialists` by name; to one output of another name, the answer.
    """

    template_keys: ClassVar[tuple[str, ...]] = ("query", "specialists")

    type: Literal["delegate"]
    to: str
    """The name of an agent or a team."""
    query: str = Field(min_length=1)
    """The question; a template."""
    specialists: list[str] | str | None = None
    """Which agents of a team are to work; a list, or a template of one."""


def _compile(config: DelegateNode, context: NodeContext) -> NodeWork:
    delegation = Delegation(context.library, context.execution)

    async def work(visit: Visit) -> Any:
        query = as_text(render(config.query, visit.scope, visit.resolutions))
        chosen = render(config.specialists, visit.scope, visit.resolutions)
        if chosen is not None and not isinstance(chosen, list):
            raise NodeError(config.id, f"`specialists` is {chosen!r}. Expected: a list of names.")
        answer = await delegation.consult(
            visit, query, from_agent=config.id, to=config.to, specialists=chosen
        )
        return answer.text if _wants_text(config) else answer.to_dict()

    return work


def _wants_text(config: DelegateNode) -> bool:
    return len(config.outputs) == 1 and config.outputs[0] not in _PARTS


def _check(config: DelegateNode, context: NodeContext) -> Iterable[Finding]:
    yield from check_delegate(config.to, context.library, ("to",))
    if config.specialists is not None and config.to in context.library.agents:
        message = f"{config.to!r} is one agent; `specialists` are chosen from a team."
        yield Finding(("specialists",), "unknown-agent", message)
    for index, name in enumerate(config.outputs):
        given = _TEXT if _wants_text(config) else _PARTS.get(name)
        wanted = context.fields.get(name)
        if given is None:
            message = f"A delegation gives {', '.join(_PARTS)}; there is no {name!r}."
            yield Finding(("outputs", index), "output", message)
        elif wanted is not None and not wanted.accepts(given):
            message = f"What is written is {given}, and the state field {name!r} is {wanted.type}."
            yield Finding(("outputs", index), "type", message)


NODE_TYPE = NodeType(DelegateNode, _compile, _check, needs_extra="run")
