"""Graphs whose nodes are wrapped by hand with `traced_node`."""

import asyncio
import contextlib
import operator
from typing import Annotated, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send
from topology_table import program

import agentglass


class State(TypedDict, total=False):
    items: list[str]
    item: str
    done: Annotated[list[str], operator.add]


def plan(_state):
    return {"items": ["a", "b", "c"]}


def work(state):
    with agentglass.span(f"work on {state['item']}"):
        return {"done": [state["item"]]}


async def awork(state):
    with agentglass.span(f"work on {state['item']}"):
        await asyncio.sleep(0)
        return {"done": [state["item"]]}


def collect(_state):
    return {}


def fan_out(state):
    return [Send("work", {"item": item}) for item in state["items"]]


def graph_of(worker):
    builder = StateGraph(State)
    for name, node in (("plan", plan), ("work", worker), ("collect", collect)):
        builder.add_node(name, agentglass.traced_node(name, node))
    builder.add_edge(START, "plan")
    builder.add_conditional_edges("plan", fan_out, ["work"])
    builder.add_edge("work", "collect")
    builder.add_edge("collect", END)
    return builder.compile()


SENT = """
    run workflow ok
      collect node ok
      plan node ok
      work node ok
        work on a span ok
      work node ok
        work on b span ok
      work node ok
        work on c span ok
"""


@program(SENT)
def langgraph_send():
    """Each `Send` is a node of its own, in a thread of its own."""
    with agentglass.trace("run"):
        graph_of(work).invoke({})


@program(SENT)
def langgraph_send_async():
    """The same with tasks."""

    async def main():
        with agentglass.trace("run"):
            await graph_of(awork).ainvoke({})

    asyncio.run(main())


@program(SENT)
def langgraph_sync_nodes_in_an_async_run():
    """Nodes that block run in threads of the event loop's executor."""

    async def main():
        with agentglass.trace("run"):
            await graph_of(work).ainvoke({})

    asyncio.run(main())


@program(SENT)
def langgraph_astream():
    """What reads the stream is outside of the nodes."""

    async def main():
        with agentglass.trace("run"):
            async for _ in graph_of(awork).astream({}):
                pass

    asyncio.run(main())


@program(SENT)
def langgraph_astream_events():
    """The graph runs in a task of its own there."""

    async def main():
        with agentglass.trace("run"):
            async for _ in graph_of(awork).astream_events({}, version="v2"):
                pass

    asyncio.run(main())


@program("""
    run workflow ok
      after span ok
      plan node ok
""")
def langgraph_astream_left_half_way():
    """A stream that is left after its first item runs no further node."""

    async def main():
        with agentglass.trace("run"):
            stream = graph_of(awork).astream({})
            async with contextlib.aclosing(stream):
                await anext(stream)
            with agentglass.span("after"):
                pass

    asyncio.run(main())


@program("""
    run workflow ok
      sub node ok
        collect node ok
        plan node ok
        work node ok
          work on a span ok
        work node ok
          work on b span ok
        work node ok
          work on c span ok
""")
def a_langgraph_subgraph():
    """A graph that is a node of another one stands below it."""
    builder = StateGraph(State)
    builder.add_node("sub", agentglass.traced_node("sub", graph_of(work)))
    builder.add_edge(START, "sub")
    with agentglass.trace("run"):
        builder.compile().invoke({})


@program("""
    run workflow ok
      outer node ok
        collect node ok
        plan node ok
        work node ok
          work on a span ok
        work node ok
          work on b span ok
        work node ok
          work on c span ok
""")
def a_langgraph_subgraph_called_in_a_node():
    """So does one that a node calls."""

    async def outer(_state):
        return await graph_of(awork).ainvoke({})

    builder = StateGraph(State)
    builder.add_node("outer", agentglass.traced_node("outer", outer))
    builder.add_edge(START, "outer")

    async def main():
        with agentglass.trace("run"):
            await builder.compile().ainvoke({})

    asyncio.run(main())


@program("""
    run workflow ok
      outer node ok
        inner node ok
      target node ok
""")
def a_langgraph_command_to_the_parent_graph():
    """Leaving a sub-graph for its parent is no error."""

    def inner(_state):
        return Command(graph=Command.PARENT, goto="target")

    sub = StateGraph(State)
    sub.add_node("inner", agentglass.traced_node("inner", inner))
    sub.add_edge(START, "inner")
    builder = StateGraph(State)
    builder.add_node("outer", agentglass.traced_node("outer", sub.compile()))
    builder.add_node("target", agentglass.traced_node("target", collect))
    builder.add_edge(START, "outer")
    with agentglass.trace("run"):
        builder.compile().invoke({})


@program("""
    run workflow error
      fails node error
""")
def a_langgraph_node_that_fails():
    """The error of a node reaches the caller, and both spans carry it."""

    def fails(_state):
        raise ValueError("down")

    builder = StateGraph(State)
    builder.add_node("fails", agentglass.traced_node("fails", fails))
    builder.add_edge(START, "fails")
    with contextlib.suppress(ValueError), agentglass.trace("run"):
        builder.compile().invoke({})
