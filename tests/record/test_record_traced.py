"""`@traced` on every kind of function."""

import asyncio
import inspect

import pytest

import agentglass
from agentglass.testing import capture


def test_a_function_is_recorded_with_arguments_by_name_and_result():
    """The wrapper keeps the function's own face."""

    @agentglass.traced(type="tool", name="look up", attributes={"v": 1})
    def look_up(query, *more, limit=3):
        """Look."""
        return [query] * limit

    with capture() as t:
        assert look_up("a", "b", limit=2) == ["a", "a"]

    span = t.span("look up")
    assert (span.type, span.attributes) == ("tool", {"v": 1})
    assert span.input == {"query": "a", "limit": 2, "*args": ["b"]}
    assert span.output == ["a", "a"]
    assert look_up.__doc__ == "Look."
    assert list(inspect.signature(look_up).parameters) == ["query", "more", "limit"]


def test_methods_are_recorded_without_self():
    class Service:
        @agentglass.traced
        def ask(self, question):
            return question

    with capture() as t:
        Service().ask("why")

    (span,) = t.spans
    assert span.name.endswith("Service.ask")
    assert span.input == {"question": "why"}


def test_a_coroutine_is_recorded_for_as_long_as_it_runs():
    @agentglass.traced
    async def outer():
        return await inner()

    @agentglass.traced
    async def inner():
        await asyncio.sleep(0)
        return 5

    with capture() as t:
        assert asyncio.run(outer()) == 5

    root = t.trace.tree.roots[0]
    assert root.span.output == 5
    assert [child.span.output for child in root.children] == [5]


def test_a_generator_stays_open_until_it_is_exhausted_and_does_not_leak_its_context():
    @agentglass.traced
    def numbers(count):
        for number in range(count):
            with agentglass.span(f"make {number}"):
                pass
            yield number
        return "end"

    def consume():
        result = yield from numbers(2)
        return result

    with capture() as t, agentglass.trace("run"):
        for number in consume():
            with agentglass.span(f"use {number}"):
                pass

    assert t.outline().splitlines()[0] == "run workflow ok"
    (generator,) = [s for s in t.spans if s.name.endswith("numbers")]
    below = [s.name for s in t.spans if s.parent_id == generator.span_id]
    beside = [s.name for s in t.spans if s.parent_id == t.span("run").span_id]
    assert below == ["make 0", "make 1"]
    assert beside == [generator.name, "use 0", "use 1"]
    assert generator.output == [0, 1]


def test_a_generator_passes_on_what_is_sent_and_thrown():
    @agentglass.traced(name="echo")
    def echo():
        received = []
        while True:
            try:
                received.append((yield received[-1] if received else "start"))
            except KeyError:
                received.append("caught")

    with capture() as t:
        generator = echo()
        seen = [next(generator), generator.send("a"), generator.throw(KeyError()), None]
        generator.close()

    assert seen == ["start", "a", "caught", None]
    assert t.span("echo").status == "ok"


def test_a_generator_that_fails_is_an_error():
    @agentglass.traced(name="broken")
    def broken():
        yield 1
        raise ValueError("half way")

    with capture() as t, pytest.raises(ValueError, match="half way"):
        list(broken())

    assert t.span("broken").status == "error"
    assert t.span("broken").output == [1]


def test_an_async_generator_is_recorded_with_what_it_gave():
    @agentglass.traced(name="stream")
    async def stream():
        for number in range(3):
            with agentglass.span(f"chunk {number}"):
                await asyncio.sleep(0)
            yield number

    async def main():
        return [item async for item in stream()]

    with capture() as t:
        assert asyncio.run(main()) == [0, 1, 2]

    root = t.trace.tree.roots[0]
    assert root.span.output == [0, 1, 2]
    assert [child.span.name for child in root.children] == ["chunk 0", "chunk 1", "chunk 2"]


def test_an_async_generator_that_is_left_half_way_ends_its_span():
    @agentglass.traced(name="stream")
    async def stream():
        yield 1
        yield 2

    async def main():
        source = stream()
        async for _ in source:
            break
        await source.aclose()

    with capture() as t:
        asyncio.run(main())

    assert t.span("stream").status == "ok"
    assert t.span("stream").output == [1]


def test_an_async_generator_that_fails_is_an_error():
    @agentglass.traced(name="stream")
    async def stream():
        yield 1
        raise LookupError("gone")

    async def main():
        async for _ in stream():
            pass

    with capture() as t, pytest.raises(LookupError, match="gone"):
        asyncio.run(main())

    assert t.span("stream").error.type == "LookupError"


def test_a_builtin_without_a_signature_can_be_traced():
    with capture() as t:
        assert agentglass.traced(name="largest")(max)(1, 2) == 2

    assert t.span("largest").output == 2
