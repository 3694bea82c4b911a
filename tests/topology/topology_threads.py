"""Threads, pools and callbacks."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from topology_table import program

import agentglass


def step(name):
    with agentglass.span(name):
        return name


@program("""
    run workflow ok
      bound span ok
    unbound span ok
""")
def a_thread_with_and_without_propagate():
    """A thread starts with an empty context: without `propagate` its span begins a trace."""
    with agentglass.trace("run"):
        for target, name in ((agentglass.propagate(step), "bound"), (step, "unbound")):
            thread = threading.Thread(target=target, args=(name,))
            thread.start()
            thread.join()


@program("""
    run workflow ok
      fetch 0 span ok
      fetch 1 span ok
      fetch 2 span ok
      fetch 3 span ok
""")
def a_pool_whose_function_is_propagated():
    """One bound function runs in several threads at once."""
    barrier = threading.Barrier(4)

    def fetch(number):
        with agentglass.span(f"fetch {number}"):
            barrier.wait(10)

    with ThreadPoolExecutor(4) as pool, agentglass.trace("run"):
        list(pool.map(agentglass.propagate(fetch), range(4)))


@program("""
    first workflow ok
      work span ok
    second workflow ok
      work span ok
""")
def a_pool_thread_that_serves_two_runs():
    """A thread of a pool keeps nothing of the run that it worked for before."""
    with ThreadPoolExecutor(1) as pool:
        for name in ("first", "second"):
            with agentglass.trace(name):
                pool.submit(agentglass.propagate(step), "work").result()


@program("""
    run workflow ok
      late span ok
""")
def a_callback_after_the_end():
    """A callback that comes when its run is over still belongs to it."""
    with agentglass.trace("run"):
        callback = agentglass.propagate(step)
    callback("late")


@program("""
    run workflow ok
      outer span ok
        inner span ok
      sibling span ok
""")
def a_bound_function_in_the_same_thread():
    """What was active before is active again after a bound function."""
    with agentglass.trace("run"):
        with agentglass.span("outer"):
            bound = agentglass.propagate(step)
        bound("inner")
        step("sibling")


@program("""
    run workflow ok
      blocking span ok
""")
def asyncio_to_thread():
    """`asyncio.to_thread` carries the context by itself."""

    async def main():
        with agentglass.trace("run"):
            await asyncio.to_thread(step, "blocking")

    asyncio.run(main())


@program("""
    run workflow ok
      executor span ok
""")
def asyncio_run_in_executor():
    """`run_in_executor` does not: `propagate` does."""

    async def main():
        with agentglass.trace("run"):
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, agentglass.propagate(step), "executor")

    asyncio.run(main())


@program("""
    left workflow ok
      left 0 span ok
      left 1 span ok
    right workflow ok
      right 0 span ok
      right 1 span ok
""")
def two_loops_in_two_threads():
    """Two event loops run at once and do not see each other's spans."""
    barrier = threading.Barrier(2)

    async def main(name):
        with agentglass.trace(name):
            barrier.wait(10)
            await asyncio.gather(*(one(f"{name} {number}") for number in range(2)))

    async def one(name):
        with agentglass.span(name):
            await asyncio.sleep(0)

    threads = [
        threading.Thread(target=lambda name=name: asyncio.run(main(name)))
        for name in ("left", "right")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
