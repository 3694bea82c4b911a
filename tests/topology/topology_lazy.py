"""Generators and answers that are read later."""

import asyncio
import gc

from topology_table import program

import agentglass
from agentglass.record import keep_open


@agentglass.traced(name="numbers")
def numbers():
    for number in range(3):
        with agentglass.span(f"make {number}"):
            pass
        yield number


@agentglass.traced(name="ticks")
async def ticks():
    for number in range(3):
        with agentglass.span(f"make {number}"):
            await asyncio.sleep(0)
        yield number


@program("""
    run workflow ok
      numbers span ok
        make 0 span ok
        make 1 span ok
        make 2 span ok
      use 0 span ok
      use 1 span ok
      use 2 span ok
""")
def a_generator():
    """What a generator does is below it; what its reader does between two items is not."""
    with agentglass.trace("run"):
        for number in numbers():
            with agentglass.span(f"use {number}"):
                pass


@program("""
    run workflow ok
      next span ok
      numbers span ok
        make 0 span ok
""")
def a_generator_that_is_abandoned():
    """A generator that nobody reads on ends when it is collected."""
    with agentglass.trace("run"):
        next(iter(numbers()))
        gc.collect()
        with agentglass.span("next"):
            pass


@program("""
    run workflow ok
      numbers span ok
""")
def a_generator_that_is_never_read():
    """Nor does one that was never started stay open."""
    with agentglass.trace("run"):
        numbers()
        gc.collect()


@program("""
    run workflow ok
      ticks span ok
        make 0 span ok
        make 1 span ok
        make 2 span ok
      use 0 span ok
      use 1 span ok
      use 2 span ok
""")
def an_async_generator():
    """The same in an event loop."""

    async def main():
        with agentglass.trace("run"):
            async for number in ticks():
                with agentglass.span(f"use {number}"):
                    pass

    asyncio.run(main())


@program("""
    run workflow ok
      next span ok
      ticks span ok
        make 0 span ok
""")
def an_async_generator_that_is_abandoned():
    """A loop that leaves an async generator half way closes it later, from another task."""

    async def main():
        with agentglass.trace("run"):
            async for _ in ticks():
                break
            gc.collect()
            with agentglass.span("next"):
                await asyncio.sleep(0)

    asyncio.run(main())


@program("""
    run workflow ok
      ticks span ok
        make 0 span ok
""")
def an_async_generator_that_outlives_its_loop():
    """Once its loop is closed nobody can close a generator: its span ends when it is collected."""
    kept = []

    async def main():
        with agentglass.trace("run"):
            kept.append(ticks())
            await anext(kept[0])

    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    loop.close()
    kept.clear()
    gc.collect()


@program("""
    run workflow ok
      ask llm ok
        receive span ok
""")
def a_function_that_returns_a_generator():
    """A call that answers with a generator lasts until that is read."""

    def stream():
        with agentglass.span("receive"):
            yield "word"

    @agentglass.traced(name="ask", type="llm")
    def ask():
        return stream()

    with agentglass.trace("run"):
        assert list(ask()) == ["word"]


class Prompt:
    """A lazy answer: nothing is fetched until somebody asks for the text."""

    def text(self):
        with agentglass.span("fetch"):
            return "word"


class Words:
    """A stream object like those of the clients of model providers."""

    def __init__(self):
        self._words = iter(["a", "b"])
        self.response = "200 OK"

    def __iter__(self):
        return self

    def __next__(self):
        with agentglass.span("receive"):
            return next(self._words)


class AsyncWords(Words):
    async def __anext__(self):
        await asyncio.sleep(0)
        return next(self._words, None)


def ask(answer):
    return keep_open(agentglass.span("ask", type="llm"), answer, reads=("text",))


@program("""
    run workflow ok
      ask llm ok
        fetch span ok
      next span ok
""")
def a_lazy_answer():
    """The span of a lazy answer lasts until it is evaluated, and what that does stands below it."""
    with agentglass.trace("run"):
        answer = ask(Prompt())
        with agentglass.span("next"):
            pass
        assert isinstance(answer, Prompt)
        assert answer.text() == "word"


@program("""
    run workflow ok
      ask llm ok
        receive span ok
        receive span ok
        receive span ok
""")
def a_stream_object():
    """The span of a stream lasts until its last item; the stream is otherwise as it was."""
    with agentglass.trace("run"):
        stream = ask(Words())
        assert stream.response == "200 OK"
        assert list(stream) == ["a", "b"]


@program("""
    run workflow ok
      ask llm ok
      next span ok
""")
def a_stream_object_that_is_dropped():
    """A stream that nobody holds any more has ended."""

    async def main():
        with agentglass.trace("run"):
            assert await anext(ask(AsyncWords())) == "a"
            gc.collect()
            with agentglass.span("next"):
                pass

    asyncio.run(main())
