"""`traced_node`: a graph node with a span around it, and otherwise the node it was."""

import inspect
import sys
from collections.abc import Mapping
from typing import Any

from agentglass.plugins import load_object
from agentglass.record.api import span
from agentglass.record.live import LiveSpan
from agentglass.record.noop import NoopSpan
from agentglass.spans import SpanType, names

__all__ = ["AsyncTracedNode", "TracedNode", "node_span", "traced_node"]

Attributes = Mapping[str, Any] | None

_COPY_HOOKS = frozenset(
    {"__getstate__", "__setstate__", "__getnewargs__", "__getnewargs_ex__", "__reduce__"}
)


def traced_node(
    name: str, fn: Any, *, type: str = SpanType.NODE, attributes: Attributes = None
) -> Any:
    """Wrap a graph node so that each run of it is a span.

    Takes functions, coroutine functions, bound methods, `functools.partial`, callable objects,
    Runnables and compiled graphs. What comes back has the node's signature, annotations and
    attributes, can be copied and pickled where the node can, and still gets what LangGraph injects
    (`config`, `runtime`, `store`, `writer`). The node is called exactly once; its exception reaches
    the caller unchanged.

    Args:
        name: The span's name.
        fn: The node.
        type: One of `SpanType`.
        attributes: Named values for each span.
    """
    runnables = sys.modules.get("langchain_core.runnables.base")
    if runnables is not None and isinstance(fn, runnables.Runnable):
        wrapper = load_object(
            "agentglass.record.runnable_node:TracedRunnable", feature="traced_node"
        )
        return wrapper(name, fn, type, attributes)
    kind = AsyncTracedNode if _is_async(fn) else TracedNode
    return kind(name, fn, type, attributes)


class TracedNode:
    """A node that is called, with a span around the call."""

    def __init__(self, name: str, fn: Any, type: str, attributes: Attributes) -> None:
        self._agentglass = (name, fn, type, attributes)
        self.__wrapped__ = fn
        _look_like(self, fn)

    # Without annotations on purpose: LangGraph takes those of `__call__` before the node's own.
    def __call__(self, *args, **kwargs):  # type: ignore[no-untyped-def]  # noqa: ANN002, ANN003, ANN204
        """Run the node."""
        name, fn, kind, attributes = self._agentglass
        with node_span(name, kind, attributes, args) as active:
            result = fn(*args, **kwargs)
            active.output = result
        return result

    def __getattr__(self, attribute: str) -> Any:
        # Without the refusal, copy and pickle would find the hooks of the node and give a node
        # without its span; before __init__ there is nothing to ask.
        if attribute in _COPY_HOOKS or "__wrapped__" not in self.__dict__:
            raise AttributeError(attribute)
        return getattr(self.__wrapped__, attribute)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), self._agentglass)

    def __copy__(self) -> "TracedNode":
        return type(self)(*self._agentglass)

    def __repr__(self) -> str:
        return f"<traced {self._agentglass[0]!r}: {self.__wrapped__!r}>"


class AsyncTracedNode(TracedNode):
    """A node that is awaited, with a span around the wait."""

    async def __call__(self, *args, **kwargs):  # type: ignore[no-untyped-def]  # noqa: ANN002, ANN003, ANN204
        """Run the node."""
        name, fn, kind, attributes = self._agentglass
        with node_span(name, kind, attributes, args) as active:
            result = await fn(*args, **kwargs)
            active.output = result
        return result


def node_span(
    name: str, type: str, attributes: Attributes, args: tuple[Any, ...]
) -> LiveSpan | NoopSpan:
    """Start the span of a node; its input is the state, the first argument."""
    active = span(name, type=type, attributes=attributes)
    if args:
        active.input = args[0]
    if isinstance(active, LiveSpan) and names.NODE_ID not in active.attributes:
        active.set_attribute(names.NODE_ID, name)
    return active


def _is_async(fn: Any) -> bool:
    call = getattr(fn, "__call__", None)  # noqa: B004 - its kind is asked for, not its presence
    inner = getattr(fn, "func", None)
    return (
        inspect.iscoroutinefunction(fn)
        or inspect.iscoroutinefunction(call)
        or (inner is not None and inspect.iscoroutinefunction(inner))
    )


def _look_like(node: TracedNode, fn: Any) -> None:
    """Carry over what a graph builder reads: signature, hints, names, and own attributes."""
    target = fn if hasattr(fn, "__annotations__") else getattr(fn, "__call__", fn)  # noqa: B004
    target = getattr(fn, "func", target)
    for attribute in ("__module__", "__name__", "__qualname__", "__doc__"):
        value = getattr(target, attribute, None)
        if value is not None:
            node.__dict__[attribute] = value
    node.__dict__["__annotations__"] = dict(getattr(target, "__annotations__", {}))  # noqa: RUF063
    try:
        node.__dict__["__signature__"] = inspect.signature(fn)
    except (TypeError, ValueError):
        return
