"""`traced_node` on every kind of node, in real LangGraph graphs."""

import asyncio
import copy
import functools
import inspect
import operator
import pickle
import sys
from pathlib import Path
from typing import Annotated, Literal, TypedDict

import pytest
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command, StreamWriter

import agentglass
from agentglass import traced_node
from agentglass.testing import capture

sys.path.insert(0, str(Path(__file__).parent))

import nodes_for_tests as nodes


class State(TypedDict, total=False):
    x: int


def graph_of(**functions):
    graph = StateGraph(State)
    previous = START
    for name, function in functions.items():
        graph.add_node(name, traced_node(name, function))
        graph.add_edge(previous, name)
        previous = name
    graph.add_edge(previous, END)
    return graph.compile()


SYNC_NODES = {
    "function": nodes.double,
    "method": nodes.Doubler().method,
    "partial": functools.partial(nodes.scaled, 2),
    "object": nodes.Doubler(),
    "runnable": RunnableLambda(nodes.double),
    "graph": graph_of(inner=nodes.double),
}
ASYNC_NODES = {
    "function": nodes.adouble,
    "method": nodes.Doubler().amethod,
    "partial": functools.partial(nodes.ascaled, 2),
    "object": nodes.AsyncDoubler(),
    "runnable": RunnableLambda(nodes.adouble),
}


@pytest.mark.parametrize("kind", SYNC_NODES)
def test_a_sync_node_of_any_kind_is_a_span(kind):
    """T3901, T3902, T3903, A-US1: any node yields a span with its name, input and output."""
    with capture() as t:
        result = graph_of(work=SYNC_NODES[kind]).invoke({"x": 3})

    assert result["x"] == 6
    span = t.span("work")
    assert (span.type, span.status) == ("node", "ok")
    assert span.input == {"x": 3}
    assert span.output == {"x": 6}
    assert span.attributes["agentglass.node_id"] == "work"
    assert span.duration_ns > 0


@pytest.mark.parametrize("kind", {**ASYNC_NODES, "graph": None})
def test_an_async_node_of_any_kind_is_a_span(kind):
    """T3901: async nodes are awaited within their span."""
    node = ASYNC_NODES.get(kind) or graph_of(inner=nodes.adouble)

    with capture() as t:
        result = asyncio.run(graph_of(work=node).ainvoke({"x": 3}))

    assert result["x"] == 6
    assert t.span("work").output == {"x": 6}


def test_a_sub_graph_is_a_child_of_its_node():
    """A-E2: what a node calls is below it."""
    with capture() as t, agentglass.trace("run"):
        graph_of(first=nodes.double, second=graph_of(inner=nodes.double)).invoke({"x": 1})

    assert t.outline() == ("run workflow ok\n  first node ok\n  second node ok\n    inner node ok")


@pytest.mark.parametrize("error", [RuntimeError, AttributeError, ImportError, ValueError])
@pytest.mark.parametrize("is_async", [False, True])
def test_a_failing_node_runs_once_and_its_exception_is_the_same_object(error, is_async):
    """A-US1.2, T3902: run exactly once, propagated unchanged, error span, earlier ones ok."""
    raised = error("from the node")
    calls = []

    def fail(state):
        calls.append(state)
        raise raised

    async def afail(state):
        fail(state)

    graph = graph_of(before=nodes.adouble, bad=afail if is_async else fail)
    with capture() as t, pytest.raises(error) as caught, agentglass.trace("run"):
        asyncio.run(graph.ainvoke({"x": 1}))

    assert caught.value is raised
    assert len(calls) == 1
    assert t.outline() == "run workflow error\n  before node ok\n  bad node error"
    assert t.span("bad").error.message == "from the node"
    assert t.span("bad").input == {"x": 2}


def test_what_langgraph_injects_still_arrives():
    """P-T4: config, runtime, store and writer are injected by name and annotation."""
    seen = {}

    def node(
        state: State,
        config: RunnableConfig,
        *,
        store: BaseStore,
        writer: StreamWriter,
        runtime: Runtime,
    ):
        seen.update(config=config, store=store, writer=writer, runtime=runtime)
        writer("progress")
        return {"x": config["configurable"]["by"]}

    graph = StateGraph(State)
    graph.add_node("work", traced_node("work", node))
    graph.add_edge(START, "work")
    compiled = graph.compile(store=InMemoryStore())

    with capture() as t:
        events = list(
            compiled.stream({"x": 1}, {"configurable": {"by": 7}}, stream_mode=["custom", "values"])
        )

    assert ("custom", "progress") in events
    assert isinstance(seen["store"], InMemoryStore)
    assert seen["runtime"].store is seen["store"]
    assert t.span("work").output == {"x": 7}


def test_hints_that_langgraph_reads_are_those_of_the_node():
    """P-T4: an input schema and the targets of a Command come from annotations."""

    class Wide(State):
        secret: int
        log: Annotated[list, operator.add]

    class Narrow(TypedDict):
        x: int

    seen = []

    def route(state: Narrow) -> Command[Literal["left", "right"]]:
        seen.append(dict(state))
        return Command(goto="right", update={"log": ["routed"]})

    graph = StateGraph(Wide)
    graph.add_node("route", traced_node("route", route))
    graph.add_node("left", traced_node("left", lambda state: {"log": ["left"]}))
    graph.add_node("right", traced_node("right", lambda state: {"log": ["right"]}))
    graph.add_edge(START, "route")
    compiled = graph.compile()

    with capture() as t:
        result = compiled.invoke({"x": 1, "secret": 2})

    assert seen == [{"x": 1}]
    assert result["log"] == ["routed", "right"]
    assert t.span("right").status == "ok"
    assert t.span("route").output["goto"] == "right"


def test_a_wrapped_function_keeps_its_face():
    """P-T4, P-K2: signature, names, docs and attributes are the node's own."""
    nodes.double.cost = 5
    wrapped = traced_node("work", nodes.double)

    assert inspect.signature(wrapped) == inspect.signature(nodes.double)
    assert (wrapped.__name__, wrapped.__doc__, wrapped.__module__) == (
        "double",
        "Double x.",
        "nodes_for_tests",
    )
    assert wrapped.cost == 5
    assert inspect.unwrap(wrapped) is nodes.double
    assert traced_node("o", nodes.Doubler()).factor == 2
    with pytest.raises(AttributeError):
        _ = wrapped.not_there


@pytest.mark.parametrize("kind", ["function", "method", "partial", "object"])
@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda node: pickle.loads(pickle.dumps(node))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copied_node_is_still_traced(kind, copied):
    """P-T4: copy, deepcopy and pickle give a traced node."""
    twin = copied(traced_node("work", SYNC_NODES[kind]))

    with capture() as t:
        assert twin({"x": 2}) == {"x": 4}

    assert t.span("work").output == {"x": 4}


def test_a_copied_runnable_is_still_traced():
    """P-T4: Runnables too."""
    twin = copy.copy(traced_node("work", SYNC_NODES["runnable"]))

    with capture() as t:
        assert twin.invoke({"x": 2}) == {"x": 4}

    assert t.span("work").output == {"x": 4}


def test_a_wrapped_runnable_streams_within_its_span():
    with capture() as t:
        chunks = list(traced_node("work", SYNC_NODES["graph"]).stream({"x": 2}))

    assert chunks == [{"inner": {"x": 4}}]
    assert t.outline() == "work node ok\n  inner node ok"


def test_a_wrapped_runnable_streams_asynchronously_within_its_span():
    async def main():
        node = traced_node("work", SYNC_NODES["graph"])
        return [chunk async for chunk in node.astream({"x": 2})]

    with capture() as t:
        assert asyncio.run(main()) == [{"inner": {"x": 4}}]

    assert t.span("work").status == "ok"


def test_a_node_can_be_given_a_type_and_attributes():
    node = traced_node("work", nodes.double, type="agent", attributes={"team": "x"})

    with capture() as t:
        node({"x": 1})

    assert (t.span("work").type, t.span("work").attributes["team"]) == ("agent", "x")


def test_an_interrupt_is_not_an_error():
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.types import interrupt

    import agentglass.workflow.compile  # noqa: F401 - registers LangGraph's control flow

    def ask(state):
        return {"x": interrupt("how many?")}

    graph = StateGraph(State)
    graph.add_node("ask", traced_node("ask", ask))
    graph.add_edge(START, "ask")
    compiled = graph.compile(checkpointer=InMemorySaver())

    with capture() as t:
        compiled.invoke({"x": 1}, {"configurable": {"thread_id": "1"}})

    assert (t.span("ask").status, t.span("ask").error) == ("interrupted", None)
