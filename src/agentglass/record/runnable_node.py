"""`traced_node` for LangChain Runnables and compiled graphs."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig

from agentglass.record.node import node_span

__all__ = ["TracedRunnable"]


class TracedRunnable(Runnable[Any, Any]):
    """A Runnable with a span around `invoke`, `ainvoke`, `stream` and `astream`."""

    def __init__(
        self, name: str, inner: Runnable[Any, Any], type: str, attributes: Mapping[str, Any] | None
    ) -> None:
        self._agentglass = (name, inner, type, attributes)
        self.__wrapped__ = inner
        self.name = getattr(inner, "name", None) or name

    @property
    def InputType(self) -> Any:
        """What the wrapped Runnable takes."""
        return self.__wrapped__.InputType

    @property
    def OutputType(self) -> Any:
        """What the wrapped Runnable gives."""
        return self.__wrapped__.OutputType

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Run the wrapped Runnable in a span."""
        name, inner, kind, attributes = self._agentglass
        with node_span(name, kind, attributes, (input,)) as active:
            result = inner.invoke(input, config, **kwargs)
            active.output = result
        return result

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Run the wrapped Runnable in a span."""
        name, inner, kind, attributes = self._agentglass
        with node_span(name, kind, attributes, (input,)) as active:
            result = await inner.ainvoke(input, config, **kwargs)
            active.output = result
        return result

    def stream(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Any]:
        """Stream the wrapped Runnable; the span lasts as long as the stream."""
        name, inner, kind, attributes = self._agentglass
        with node_span(name, kind, attributes, (input,)) as active:
            chunks = []
            for chunk in inner.stream(input, config, **kwargs):
                chunks.append(chunk)
                yield chunk
            active.output = chunks

    async def astream(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Any]:
        """Stream the wrapped Runnable; the span lasts as long as the stream."""
        name, inner, kind, attributes = self._agentglass
        with node_span(name, kind, attributes, (input,)) as active:
            chunks = []
            async for chunk in inner.astream(input, config, **kwargs):
                chunks.append(chunk)
                yield chunk
            active.output = chunks

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__") or "__wrapped__" not in self.__dict__:
            raise AttributeError(attribute)
        return getattr(self.__wrapped__, attribute)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), self._agentglass)

    def __copy__(self) -> "TracedRunnable":
        return type(self)(*self._agentglass)
