"""A workflow of 20 nodes, as a file and as the LangGraph graph that somebody writes by hand."""

from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from agentglass import traced_node
from agentglass.workflow import Workflow, load
from benchmarks.steps import count

__all__ = ["NODES", "hand_written", "twenty_nodes"]

NODES = 20


def twenty_nodes(directory: Path, function: str) -> Workflow:
    """Load a workflow whose nodes call one function of `benchmarks.steps`, one after the other."""
    names = [f"step_{number}" for number in range(NODES)]
    file = directory / f"{function}.yaml"
    file.write_text(
        "\n".join(
            [
                'schema_version: "1.0"',
                "flow: {name: twenty}",
                "state: {fields: {counter: {type: int, default: 0}}}",
                "nodes:",
                *(
                    f"  - {{id: {name}, type: python, callable: 'benchmarks.steps:{function}', "
                    "inputs: {counter: '{counter}'}, outputs: [counter]}"
                    for name in names
                ),
                "edges:",
                *(
                    f"  - {{from: {left}, to: {right}}}"
                    for left, right in zip(["START", *names], [*names, "END"], strict=True)
                ),
            ]
        ),
        encoding="utf-8",
    )
    return load(file)


class _State(TypedDict, total=False):
    counter: int


def hand_written(*, traced: bool = False) -> CompiledStateGraph[Any]:
    """Compile the same graph without agentglass, or with its nodes wrapped in `traced_node`."""

    async def node(state: _State) -> _State:
        return {"counter": await count(state["counter"])}

    graph: StateGraph[Any] = StateGraph(_State)
    previous = START
    for number in range(NODES):
        name = f"step_{number}"
        graph.add_node(name, traced_node(name, node) if traced else node)
        graph.add_edge(previous, name)
        previous = name
    graph.add_edge(previous, END)
    return graph.compile()
