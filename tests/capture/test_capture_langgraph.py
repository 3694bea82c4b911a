"""LangGraph under the same line: nodes, sub-graphs, parallel sends, commands, interrupts."""

import asyncio
import operator
from itertools import pairwise
from typing import Annotated, TypedDict

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send, interrupt

import agentglass
from agentglass.capture import LangChainInstrumentor
from agentglass.spans import Status, names
from agentglass.testing import capture
from agentglass.workflow import execute, load_config


class State(TypedDict, total=False):
    items: Annotated[list, operator.add]
    n: int


def build(*nodes, edges=()):
    graph = StateGraph(State)
    for name, function in nodes:
        graph.add_node(name, function)
    for source, target in edges:
        graph.add_edge(source, target)
    return graph


def chain_of(*nodes):
    names_in_order = [START, *(name for name, _ in nodes), END]
    return build(*nodes, edges=list(pairwise(names_in_order)))


def first(state):
    return {"items": ["first"]}


def second(state):
    inner = RunnableLambda(lambda x: x + 1).with_config(run_name="inner")
    return {"n": inner.invoke(1)}


@pytest.mark.parametrize("how", ["invoke", "ainvoke", "stream"])
def test_nodes_are_below_their_graph_and_calls_below_their_node(how):
    graph = chain_of(("first", first), ("second", second)).compile(name="plan")

    with capture() as recorded, LangChainInstrumentor():
        if how == "invoke":
            graph.invoke({"n": 0})
        elif how == "ainvoke":
            asyncio.run(graph.ainvoke({"n": 0}))
        else:
            list(graph.stream({"n": 0}))

    assert recorded.outline().splitlines() == [
        "plan chain ok",
        "  first node ok",
        "  second node ok",
        "    inner chain ok",
    ]
    assert recorded.span("second").attributes[names.NODE_ID] == "second"
    assert recorded.span("second").output == {"n": 2}


def test_a_sub_graph_is_below_its_node():
    inner = chain_of(("first", first)).compile(name="inner")
    outer = chain_of(("work", inner)).compile(name="outer")

    with capture() as recorded, LangChainInstrumentor():
        outer.invoke({"n": 0})

    assert [span.name for span in recorded.spans] == ["outer", "work", "first"] or [
        span.name for span in recorded.spans
    ] == ["outer", "work", "inner", "first"]
    (root,) = recorded.trace.tree.roots
    assert root.span.name == "outer"


def test_sends_and_commands_are_nodes_of_the_same_graph():
    graph = build(
        ("plan", lambda state: {"n": 3}),
        ("work", lambda state: Command(update={"items": [state["n"]]}, goto="done")),
        ("done", lambda state: {"items": ["done"]}),
    )
    graph.add_edge(START, "plan")
    graph.add_conditional_edges("plan", lambda state: [Send("work", {"n": n}) for n in range(3)])

    with capture() as recorded, LangChainInstrumentor():
        graph.compile(name="fan").invoke({"n": 0})

    found = [span.name for span in recorded.spans if span.type == "node"]
    assert sorted(found) == ["done", "plan", "work", "work", "work"]
    assert {span.status for span in recorded.spans} == {Status.OK}


def test_an_interrupt_is_no_error():
    graph = chain_of(("ask", lambda state: {"items": [interrupt("sure?")]}))
    compiled = graph.compile(checkpointer=InMemorySaver(), name="asking")
    thread = {"configurable": {"thread_id": "t1"}}

    with capture() as recorded, LangChainInstrumentor():
        compiled.invoke({"n": 0}, thread)
        compiled.invoke(Command(resume="yes"), thread)

    statuses = [(span.name, span.status) for span in recorded.spans if span.name == "ask"]
    assert statuses == [("ask", Status.INTERRUPTED), ("ask", Status.OK)]
    assert not any(span.error for span in recorded.spans)
    assert recorded.traces[0].spans[1].attributes[names.CONVERSATION_ID] == "t1"


def test_a_failing_node_is_the_one_with_the_error():
    def fail(state):
        raise ValueError("no plan")

    graph = chain_of(("first", first), ("fail", fail)).compile(name="plan")

    with capture() as recorded, LangChainInstrumentor():
        with pytest.raises(ValueError, match="no plan"):
            graph.invoke({"n": 0})

    assert [(span.name, span.status) for span in recorded.spans] == [
        ("plan", Status.ERROR),
        ("first", Status.OK),
        ("fail", Status.ERROR),
    ]


def test_a_workflow_of_ours_is_recorded_once(write_lib):
    """Its graph and its nodes are recorded by us; LangChain calls inside of them by the line."""
    config = {
        "schema_version": "1.0",
        "flow": {"name": "ours"},
        "state": {"fields": {"n": {"type": "int", "default": 1}}},
        "nodes": [
            {"id": "plain", "type": "set", "values": {"n": 2}},
            {
                "id": "calls",
                "type": "python",
                "callable": "lcnodes:call",
                "inputs": {"n": "{n}"},
                "outputs": ["n"],
            },
        ],
    }

    with capture() as recorded, LangChainInstrumentor() as instrumentor:
        result = execute(load_config(config, directory=write_lib))
        runs = instrumentor.get_traces()

    assert result.state["n"] == 3
    assert recorded.outline().splitlines() == [
        "ours workflow ok",
        "  plain node ok",
        "  calls node ok",
        "    inner chain ok",
    ]
    assert len(runs) == 1


@pytest.fixture
def write_lib(tmp_path):
    """A directory with a node that calls LangChain."""
    (tmp_path / "lcnodes.py").write_text(
        "from langchain_core.runnables import RunnableLambda\n\n"
        "inner = RunnableLambda(lambda n: n + 1).with_config(run_name='inner')\n\n\n"
        "async def call(n):\n    return await inner.ainvoke(n)\n"
    )
    return tmp_path


def test_a_traced_graph_and_the_line_agree():
    graph = chain_of(("first", agentglass.traced_node("first", first))).compile(name="plan")

    with capture() as recorded, LangChainInstrumentor(), agentglass.trace("program"):
        graph.invoke({"n": 0})

    assert recorded.trace.completeness.is_complete
