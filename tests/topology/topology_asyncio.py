"""Tasks of one event loop."""

import asyncio
import contextlib
import contextvars
import threading

from topology_table import program

import agentglass


async def step(name):
    with agentglass.span(name):
        await asyncio.sleep(0)


@program("""
    run workflow ok
      a span ok
      b span ok
      c span ok
""")
def asyncio_gather():
    """Every branch of a `gather` is a child of the span around it."""

    async def main():
        with agentglass.trace("run"):
            await asyncio.gather(step("a"), step("b"), step("c"))

    asyncio.run(main())


@program("""
    run workflow ok
      group span ok
        a span ok
        b span ok
""")
def an_asyncio_task_group():
    """So is every task of a `TaskGroup`."""

    async def main():
        with agentglass.trace("run"), agentglass.span("group"):
            async with asyncio.TaskGroup() as group:
                group.create_task(step("a"))
                group.create_task(step("b"))

    asyncio.run(main())


@program("""
    run workflow error
      fails span error
      waits span cancelled
""")
def a_task_group_with_a_failure():
    """The task that fails is an error; those that are cancelled for it say so."""

    async def fails():
        with agentglass.span("fails"):
            await asyncio.sleep(0)
            raise ValueError("down")

    async def waits():
        with agentglass.span("waits"):
            await asyncio.sleep(60)

    async def main():
        with agentglass.trace("run"):
            async with asyncio.TaskGroup() as group:
                group.create_task(waits())
                group.create_task(fails())

    try:
        asyncio.run(main())
    except* ValueError:
        pass


@program("""
    run workflow ok
      slow span cancelled
        inner span cancelled
""")
def a_cancelled_task():
    """Cancelling a task cancels its spans and no other."""

    async def slow():
        with agentglass.span("slow"), agentglass.span("inner"):
            await asyncio.sleep(60)

    async def main():
        with agentglass.trace("run"):
            task = asyncio.create_task(slow())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())


@program("""
    run workflow timed_out
      slow span cancelled
""")
def asyncio_timeout():
    """A timeout cancels what is inside, and the span that lets it pass has timed out."""

    async def main():
        with agentglass.trace("run"):
            async with asyncio.timeout(0.01):
                with agentglass.span("slow"):
                    await asyncio.sleep(60)

    with contextlib.suppress(TimeoutError):
        asyncio.run(main())


@program("""
    run workflow ok
      background span ok
        below span ok
""")
def a_task_that_outlives_its_run():
    """A task that ends after its root is still a part of the trace."""

    async def background(start):
        with agentglass.span("background"):
            await start.wait()
            await step("below")

    async def main():
        start = asyncio.Event()
        with agentglass.trace("run"):
            task = asyncio.create_task(background(start))
            await asyncio.sleep(0)
        start.set()
        await task

    asyncio.run(main())


@program("""
    run workflow ok
      outer span ok
        nested span ok
""")
def asyncio_run_in_a_thread_of_a_loop():
    """A nested `asyncio.run`, in a thread as Python wants it, stays below its caller."""

    async def main():
        with agentglass.trace("run"), agentglass.span("outer"):
            await asyncio.to_thread(lambda: asyncio.run(step("nested")))

    asyncio.run(main())


@program("""
    run workflow ok
      first span ok
      second span ok
""")
def a_span_that_ends_in_another_context():
    """A span may end where its ContextVar token is foreign; what follows is not below it."""

    def start():
        span = agentglass.span("first")
        span.__enter__()
        return span

    with agentglass.trace("run"):
        span = contextvars.copy_context().run(start)
        span.__exit__(None, None, None)
        with agentglass.span("second"):
            pass


@program("""
    a workflow ok
      a 1 span ok
        a 2 span ok
    b workflow ok
      b 1 span ok
        b 2 span ok
""")
def two_runs_that_take_turns():
    """Two runs of one loop, switched at every step, keep to themselves."""

    async def run(name):
        with agentglass.trace(name):
            await asyncio.sleep(0)
            with agentglass.span(f"{name} 1"):
                await asyncio.sleep(0)
                await step(f"{name} 2")

    async def main():
        await asyncio.gather(run("a"), run("b"))

    asyncio.run(main())


@program("""
    outer workflow ok
      inner workflow ok
        step span ok
""")
def a_run_within_a_run():
    """A nested run is a child, not a trace of its own."""
    with agentglass.trace("outer", tags={"workflow": "outer"}):
        with agentglass.trace("inner", tags={"workflow": "inner"}):
            with agentglass.span("step"):
                pass


@program("""
    run workflow ok
      posted span ok
""")
def a_coroutine_for_the_loop_of_another_thread():
    """`run_coroutine_threadsafe` starts in the loop's context: a bound coroutine function does not."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    with agentglass.trace("run"):
        bound = agentglass.propagate(step)
        asyncio.run_coroutine_threadsafe(bound("posted"), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
