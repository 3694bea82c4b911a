"""Many threads and tasks at once: no trace gets a span of another."""

import asyncio
import threading

import agentglass
from agentglass.testing import capture


def assert_unmixed(recorded, runs, steps):
    traces = recorded.traces
    assert len(traces) == runs
    for trace in traces:
        name = trace.summary.name
        assert trace.completeness.is_complete
        assert {span.input for span in trace.spans} == {name}
        assert len(trace.spans) == steps + 1
        by_id = {span.span_id: span.name for span in trace.spans}
        below = {span.name: by_id.get(span.parent_id) for span in trace.spans}
        assert below == {
            name: None,
            **{f"{name}.{i}": f"{name}.{i - 1}" for i in range(1, steps)},
            **{f"{name}.0": name},
        }


def test_64_threads_and_1000_tasks_that_record_at_once_never_mix():
    """A-E4: concurrent workflows each keep their own context."""
    barrier = threading.Barrier(65)

    def in_thread(name):
        barrier.wait(30)
        with agentglass.trace(name, input=name):
            deeper(name, 0)

    def deeper(name, level):
        if level < 4:
            with agentglass.span(f"{name}.{level}", input=name):
                deeper(name, level + 1)

    async def task(name):
        with agentglass.trace(name, input=name):
            await adeeper(name, 0)

    async def adeeper(name, level):
        await asyncio.sleep(0)
        if level < 4:
            with agentglass.span(f"{name}.{level}", input=name):
                await adeeper(name, level + 1)

    async def tasks():
        barrier.wait(30)
        await asyncio.gather(*(task(f"task {number}") for number in range(1_000)))

    with capture() as t:
        threads = [
            threading.Thread(target=in_thread, args=(f"thread {number}",)) for number in range(64)
        ]
        for thread in threads:
            thread.start()
        asyncio.run(tasks())
        for thread in threads:
            thread.join()

    assert_unmixed(t, runs=1_064, steps=4)
