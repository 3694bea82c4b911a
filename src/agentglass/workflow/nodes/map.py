"""The `map` node: does one piece of work for each item of a list; results in the order of the items."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from agentglass.errors import MissingExtraError, NodeError, OptionError
from agentglass.record import get_active_span, span
from agentglass.spans import names
from agentglass.workflow.guard import GuardedWork, guard_work
from agentglass.workflow.node_config import NodeConfig, TemplateText
from agentglass.workflow.node_types import (
    Finding,
    NodeContext,
    NodeType,
    NodeWork,
    Visit,
    load_node_type,
)
from agentglass.workflow.problems import faults_of
from agentglass.workflow.run_scope import NodeFailure
from agentglass.workflow.signs_of_life import keep_alive
from agentglass.workflow.templates import render
from agentglass.workflow.together import all_at_once
from agentglass.workflow.workflow import context_for

__all__ = ["NODE_TYPE", "MapNode"]

MAX_ITEMS = 100_000
_INDEX = "index"
_NOT_FOR_ITEMS = ("when", "on_error", "attributes", "outputs")
_ITEM_POLICIES = ("fail_fast", "continue", "collect")
_ENDS_OR_STOPS = ("end", "human")


class MapNode(NodeConfig):
    """Does a node's work for each item of a list."""

    type: Literal["map"]
    items: str | list[Any]
    """A template of a list, or a list of templates."""
    as_: str = Field(default="item", alias="as")
    """What the work's templates call an item; its place is `{index}`."""
    do: dict[str, Any]
    """The work: a node without `id`, `outputs`, `attributes`, `when` and `on_error`."""
    parallel: bool = False
    """Whether items are worked on at once."""
    max_concurrent: int = Field(default=10, ge=1, le=100)
    """How many at once, with `parallel`."""
    on_item_error: Literal["fail_fast", "continue", "collect"] = "fail_fast"
    """What a failed item means: fail and stop the others; go on, with nothing as its result; or go on,
    with `{error: {type, message}}`. `on_error` with one of these words is the same."""

    @model_validator(mode="before")
    @classmethod
    def _read_item_policy(cls, value: Any) -> Any:
        """Read `on_error: collect` as what it means for items."""
        if isinstance(value, dict) and value.get("on_error") in _ITEM_POLICIES:
            rest = {key: item for key, item in value.items() if key != "on_error"}
            return {"on_item_error": value["on_error"], **rest}
        return value

    @property
    def work(self) -> dict[str, Any]:
        """The keys of the work as a node."""
        kind = self.do.get("type", "llm" if "prompt" in self.do else None)
        return {**self.do, "id": self.id, **({} if kind is None else {"type": kind})}

    def templates(self) -> Iterator[TemplateText]:
        """Yield the templates of the node and of its work."""
        yield from super().templates()
        yield TemplateText(("items",), self.items, tuple(self.inputs))
        inner = _read_work(self)
        if inner is None:
            return
        known = (*self.inputs, self.as_, _INDEX)
        for text in inner[0].templates():
            yield TemplateText(("do", *text.path), text.value, (*known, *text.names))


def _read_work(config: MapNode) -> tuple[Any, NodeType] | None:
    """Return the work of an item; None where it cannot be read."""
    try:
        node_type = load_node_type(str(config.work.get("type")))
        return node_type.config_model.model_validate(config.work), node_type
    except (OptionError, MissingExtraError, ValidationError):
        return None


def _compile(config: MapNode, context: NodeContext) -> NodeWork:
    read = _read_work(config)
    assert read is not None
    inner, node_type = read
    inner_context = context_for(inner, context)
    work = guard_work(inner, node_type, inner_context, node_type.compile(inner, inner_context))

    async def run_items(visit: Visit) -> list[Any]:
        items = _items(config, visit)
        results: list[Any] = [None] * len(items)
        calls: list[list[Any]] = [[] for _ in items]
        waiting = iter(enumerate(items))

        async def worker() -> None:
            for index, item in waiting:
                one = _item_visit(config, visit, index, item)
                calls[index] = one.calls
                results[index] = await _run_item(config, inner, node_type, work, one, item, index)
                keep_alive()

        try:
            count = min(config.max_concurrent if config.parallel else 1, len(items))
            await all_at_once(worker() for _ in range(count))
        finally:
            visit.calls += [call for item_calls in calls for call in item_calls]
        return results

    return run_items


def _items(config: MapNode, visit: Visit) -> list[Any]:
    items = render(config.items, visit.scope, visit.resolutions)
    if not isinstance(items, list | tuple):
        kind = "nothing" if items is None else f"a {type(items).__name__}"
        raise NodeError(config.id, f"`items` is {kind}. Expected: a list.")
    if len(items) > MAX_ITEMS:
        raise NodeError(config.id, f"`items` has {len(items):,} items; at most {MAX_ITEMS:,}.")
    return list(items)


def _item_visit(config: MapNode, visit: Visit, index: int, item: Any) -> Visit:
    scope = visit.scope.with_inputs({config.as_: item, _INDEX: index})
    return Visit(scope, visit.run, lambda: f"{visit.path}[{index}]", is_item=True)


async def _run_item(
    config: MapNode,
    inner: NodeConfig,
    node_type: NodeType,
    work: GuardedWork,
    visit: Visit,
    item: Any,
    index: int,
) -> Any:
    attributes = {
        names.NODE_ID: config.id,
        names.NODE_TYPE: inner.type,
        names.MAP_INDEX: index,
    }
    name = f"{inner.title or config.display_name}[{index}]"
    try:
        with span(name, type=node_type.span_type, input=item, attributes=attributes) as active:
            try:
                visit.read_inputs(inner.inputs)
                value = await work(visit)
            finally:
                resolutions = visit.all_resolutions()
                if resolutions:
                    active.set_attribute(names.TEMPLATE_RESOLUTIONS, resolutions)
            if visit.status is not None:
                active.status = visit.status
            active.output = value
            return value
    except Exception as error:
        if config.on_item_error == "fail_fast":
            raise
        failure = NodeFailure(f"{config.id}[{index}]", error)
        visit.run.failures.append(failure)
        get_active_span().add_event("item.failed", failure.to_dict())
        return {"error": failure.to_dict()} if config.on_item_error == "collect" else None


def _check(config: MapNode, context: NodeContext) -> Iterable[Finding]:
    yield from _check_keys(config)
    name = str(config.work.get("type"))
    try:
        node_type = load_node_type(name)
    except (OptionError, MissingExtraError) as error:
        yield Finding(("do", "type"), "unknown-type", f"`do`: {error}")
        return
    try:
        inner = node_type.config_model.model_validate(config.work)
    except ValidationError as error:
        for fault in faults_of(error, node_type.config_model, ("do",)):
            yield Finding(fault.path, fault.code, fault.message)
        return
    if name in _ENDS_OR_STOPS or node_type.is_durable(inner, context):
        message = f"A {name!r} node that ends or stops the run cannot be done for each item."
        yield Finding(("do", "type"), "map", message)
    for finding in node_type.check(inner, context_for(inner, context)):
        if finding.path[:1] != ("outputs",):
            yield finding._replace(path=("do", *finding.path))


def _check_keys(config: MapNode) -> Iterator[Finding]:
    for key in _NOT_FOR_ITEMS:
        if key in config.do:
            message = f"{key!r} belongs to the 'map' node itself, not to its `do`."
            yield Finding(("do", key), "unknown-key", message)
    if not config.as_.isidentifier():
        yield Finding(("as",), "name", f"{config.as_!r} cannot be the name of an item.")


NODE_TYPE = NodeType(MapNode, _compile, _check, needs_extra="run")
