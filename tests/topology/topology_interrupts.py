"""Runs that stop for a human and go on, with LangGraph's own checkpointer."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TypedDict

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from topology_table import program

import agentglass
from agentglass.record import (
    answer_interrupt,
    open_interrupt,
    resume_trace,
)

THREAD = {"configurable": {"thread_id": "1"}}


class State(TypedDict):
    answers: list[str]


def ask_first(state):
    return {"answers": [interrupt("first?")]}


def ask_second(state):
    return {"answers": [*state["answers"], interrupt("second?")]}


def home():
    return Path(os.environ["AGENTGLASS_HOME"])


@contextlib.contextmanager
def open_graph():
    home().mkdir(parents=True, exist_ok=True)
    builder = StateGraph(State)
    for node in (ask_first, ask_second):
        builder.add_node(node.__name__, agentglass.traced_node(node.__name__, node))
    builder.add_edge(START, "ask_first")
    builder.add_edge("ask_first", "ask_second")
    builder.add_edge("ask_second", END)
    with SqliteSaver.from_conn_string(str(home() / "state.db")) as saver:
        yield builder.compile(checkpointer=saver)


def invoke(graph, given, active):
    """Run the graph until it ends or asks; keep the ticket of a question."""
    result = graph.invoke(given, THREAD)
    for asked in result.get("__interrupt__", ()):
        active.status = agentglass.Status.INTERRUPTED
        (home() / "ticket.json").write_text(json.dumps(open_interrupt(asked.value)))


def begin():
    """Start the run."""
    with open_graph() as graph, agentglass.trace("approval", tags={"workflow": "approval"}) as run:
        invoke(graph, {"answers": []}, run)


def go_on(answer):
    """Answer the question that is open."""
    ticket = json.loads((home() / "ticket.json").read_text())
    with open_graph() as graph, resume_trace(ticket, input=answer) as segment:
        answer_interrupt(ticket, output=answer)
        invoke(graph, Command(resume=answer), segment)


def in_a_process(call):
    code = f"import topology_interrupts as chapter; chapter.{call}"
    subprocess.run([sys.executable, "-c", code], check=True)


@program(
    """
    approval workflow interrupted
      ask_first node interrupted
      first? interrupt interrupted
    """,
    is_script=True,
)
def a_run_that_waits():
    """A question stays open after its process has ended; nobody takes it for dead."""
    in_a_process("begin()")


@program(
    """
    approval workflow interrupted
      ask_first node interrupted
      first? interrupt ok
      resume segment interrupted
        ask_first node ok
        ask_second node interrupted
        second? interrupt ok
      resume segment ok
        ask_second node ok
    """,
    is_script=True,
)
def a_run_over_three_processes():
    """Each process that goes on adds a segment to the same run and answers the open question."""
    in_a_process("begin()")
    in_a_process("go_on('yes')")
    in_a_process("go_on('no')")


@program(
    """
    approval workflow interrupted
      ask_first node interrupted
      first? interrupt ok
      resume segment interrupted
        ask_first node ok
        ask_second node interrupted
        second? interrupt ok
      resume segment ok
        ask_second node ok
    """,
    is_script=True,
)
def a_run_that_goes_on_in_its_own_process():
    """The same where one process does it all."""
    begin()
    go_on("yes")
    go_on("no")
