"""The `wait` node: lets time pass."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from agentglass.errors import NodeError
from agentglass.workflow.node_config import NodeConfig
from agentglass.workflow.node_types import Finding, NodeContext, NodeType, NodeWork, Visit
from agentglass.workflow.templates import render

__all__ = ["NODE_TYPE", "WaitNode"]

_MAX_S = 24 * 3600.0


class WaitNode(NodeConfig):
    """Waits, for some seconds or until a moment; up to a day, within the time limit of the run."""

    template_keys: ClassVar[tuple[str, ...]] = ("seconds", "until")

    type: Literal["wait"]
    seconds: float | str | None = None
    """A number, or a template of one."""
    until: str | None = None
    """A moment in ISO 8601, as in `2026-01-31T09:00:00Z`, or a template of one."""


def _compile(config: WaitNode, context: NodeContext) -> NodeWork:
    async def work(visit: Visit) -> Any:
        if config.until is not None:
            seconds = _until(config.id, render(config.until, visit.scope, visit.resolutions))
        else:
            seconds = _seconds(config.id, render(config.seconds, visit.scope, visit.resolutions))
        if not seconds <= _MAX_S:
            raise NodeError(
                config.id, f"it would wait {seconds:g} s; at most {_MAX_S:g} s (a day)."
            )
        await asyncio.sleep(max(0.0, seconds))
        return {}

    return work


def _seconds(node_id: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise NodeError(node_id, f"`seconds` is {value!r}. Expected: a number.") from None


def _until(node_id: str, value: Any) -> float:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise NodeError(
            node_id, f"`until` is {value!r}. Expected: a moment, as in 2026-01-31T09:00:00Z."
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()


def _check(config: WaitNode, context: NodeContext) -> Iterable[Finding]:
    if (config.seconds is None) == (config.until is None):
        yield Finding((), "missing", "A 'wait' node needs `seconds` or `until`, one of them.")
    if config.outputs:
        yield Finding(("outputs",), "unknown-key", "A 'wait' node writes nothing.")


NODE_TYPE = NodeType(WaitNode, _compile, _check, needs_extra="run")
