"""Files for the tests of workflows: a writer, a module of steps, and a workflow that uses it."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

WriteFile = Callable[..., Path]

STEPS = """\
import asyncio
import os
import signal
import threading

import agentglass

calls = []
error = None


def count(text):
    calls.append("count")
    return {"words": len(text.split()), "notes": "counted"}


def look(state):
    agentglass.get_active_span().set_attribute("seen", sorted(state))
    with agentglass.span("inner", type="tool"):
        return f"{state['words']} words"


async def wait(seconds):
    calls.append("wait")
    await asyncio.sleep(seconds)


async def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.sleep(30)


def block():
    threading.Event().wait(30)


def fail(words):
    calls.append("fail")
    raise error


async def afail(words):
    calls.append("fail")
    raise error


def many():
    return "many"


def stop():
    raise StopIteration


def leave():
    raise SystemExit(3)


async def give_up():
    raise asyncio.CancelledError


def mutate(state):
    state["words"] = 99
    state["new"] = 1
"""

FLOW = """\
schema_version: "1.0"
flow: {name: counting, version: "3"}
state:
  fields:
    text: {type: str, required: true, description: What to count.}
    words: {type: int, default: 0}
    notes: {type: "list[str]", reducer: append}
    report: str
nodes:
  - id: measure
    title: Measure the text
    type: python
    callable: "steps:count"
    inputs: {text: "{state.text}"}
    outputs: [words, notes]
    attributes: {word_count: "{words}", first_note: "{notes[0]}", far: "{notes[9]}"}
  - id: report
    type: set
    values: {report: "{text}: {words}", notes: [reported]}
outputs: [report]
"""


@pytest.fixture
def write(tmp_path: Path) -> WriteFile:
    """Write a file beside the others of the test and return its path."""

    def write_file(text: str, name: str = "workflow.yaml") -> Path:
        path = tmp_path / name
        path.write_text(dedent(text), encoding="utf-8")
        return path

    return write_file


@pytest.fixture
def steps(write: WriteFile) -> Path:
    """The module `steps` beside the workflow file."""
    return write(STEPS, "steps.py")


@pytest.fixture
def flow(write: WriteFile, steps: Path) -> Path:
    """A workflow of two nodes: a python function and a `set`."""
    return write(FLOW)


@pytest.fixture
def one_node(write: WriteFile, steps: Path) -> WriteFile:
    """Write a workflow whose only node is of type `python`."""

    def write_workflow(node: str, extra: str = "", text_type: str = "str") -> Path:
        return write(
            'schema_version: "1.0"\nflow: {name: one}\n'
            f"state: {{fields: {{words: {{type: int, default: 0}}, text: {text_type}}}}}\n"
            f"nodes:\n  - {{id: only, type: python, {node}}}\n{extra}"
        )

    return write_workflow
