"""Many runs at once: nothing of one is ever seen in another."""

import asyncio
import threading

from flow_maker import edge, make

from agentglass import propagate
from agentglass.spans import Status
from agentglass.testing import capture
from agentglass.workflow import aexecute, arun, astream_events, execute, load_config

RUNS = 50

CONFIG = make(
    [
        {"id": "first", "type": "set", "values": {"log": ["{me}"]}},
        {"id": "left", "type": "wait", "seconds": 0.01},
        {"id": "right", "type": "set", "values": {"log": ["right {me}"]}},
        {
            "id": "each",
            "type": "map",
            "items": ["{me}", "{me}"],
            "parallel": True,
            "do": {"type": "python", "callable": "textwrap:dedent", "inputs": {"text": "{item}"}},
            "outputs": ["found"],
        },
    ],
    [
        edge("START", "first"),
        {"from": "first", "parallel": ["left", "right"]},
        edge("left", "each"),
        edge("right", "each"),
        edge("each", "END"),
    ],
    {"me": "str", "found": "list"},
)


def check(results, recorded):
    for number, result in enumerate(results):
        me = f"run {number}"
        assert result.status is Status.OK
        assert result.state["log"] == [me, f"right {me}"]
        assert result.state["found"] == [me, me]
    assert len({result.trace_id for result in results}) == RUNS
    traces = {trace.summary.trace_id: trace for trace in recorded.traces}
    for number, result in enumerate(results):
        spans = list(traces[result.trace_id].iter_spans())
        assert len(spans) == 7
        assert spans[0].input == {"me": f"run {number}"}
        assert {span.input for span in spans if span.name.startswith("each[")} == {f"run {number}"}


def test_fifty_runs_of_one_loop_do_not_mix():
    workflow = load_config(CONFIG)

    async def all_runs():
        return await asyncio.gather(
            *(aexecute(workflow, {"me": f"run {number}"}) for number in range(RUNS))
        )

    with capture() as recorded:
        results = asyncio.run(all_runs())

    check(results, recorded)


def test_fifty_runs_in_threads_do_not_mix():
    workflow = load_config(CONFIG)
    results = [None] * RUNS

    with capture() as recorded:

        def one(number):
            results[number] = execute(workflow, {"me": f"run {number}"})

        threads = [threading.Thread(target=propagate(one), args=[number]) for number in range(RUNS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    check(results, recorded)


FILE = """\
schema_version: "1.0"
flow: {name: told}
state: {fields: {x: int}}
nodes:
  - {id: a, type: set, values: {x: 1}}
  - {id: b, type: set, values: {x: 2}, when: "x > 5"}
  - {id: c, type: python, callable: "json:loads", inputs: {s: "{x}"}, on_error: continue}
"""


async def test_events_tell_what_happens_while_it_happens(write):
    path = write(FILE)

    with capture():
        events = [event async for event in astream_events(path)]

    told = [(event["event"], event.get("node"), event.get("status")) for event in events]
    assert told == [
        ("run_started", None, None),
        ("node_started", "a", None),
        ("node_ended", "a", "ok"),
        ("node_skipped", "b", None),
        ("node_started", "c", None),
        ("node_ended", "c", "error"),
        ("run_ended", None, "degraded"),
    ]
    assert events[0]["run_id"] == events[-1]["result"].run_id
    assert events[-1]["result"].state["x"] == 1


async def test_who_stops_listening_stops_the_run(write):
    path = write(
        FILE.replace('type: set, values: {x: 2}, when: "x > 5"', "type: wait, seconds: 600")
    )

    with capture() as recorded:
        events = astream_events(path)
        async for event in events:
            if event.get("node") == "b":
                break
        await events.aclose()

    assert recorded.span("told").status is Status.CANCELLED


async def test_a_run_inside_a_running_loop(write):
    with capture():
        result = await arun(write(FILE))

    assert result.status is Status.DEGRADED


def test_runs_that_share_state_db_do_not_wait_for_each_other_for_ever():
    """Opening it in the event loop would wait for a checkpointer that waits for the event loop."""
    keep = {"type": "python", "callable": "textwrap:dedent", "inputs": {"text": "{me}"}}
    workflow = load_config(
        make(
            [
                {"id": "cached", **keep, "cache": True, "outputs": ["found"]},
                {"id": "once", **keep, "idempotency": True, "outputs": ["found"]},
            ],
            [],
            {"me": "str", "found": "str"},
        )
    )

    async def all_runs():
        return await asyncio.gather(
            *(aexecute(workflow, {"me": f"run {number}"}) for number in range(RUNS))
        )

    with capture():
        results = asyncio.run(all_runs())

    assert [str(result.error) for result in results if result.error] == []
    assert [result.state["found"] for result in results] == [f"run {n}" for n in range(RUNS)]
