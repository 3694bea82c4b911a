"""Runs that stop: their files, and what the tests of them do again and again."""

import signal
import subprocess
import time
from typing import Any

from command_line import CommandLine

GATE = """
schema_version: "1.0"
flow: {name: approval}
state:
  fields:
    text: {type: str, required: true}
    decision: str
    log: {type: "list[str]", reducer: append}
nodes:
  - id: draft
    type: set
    values: {log: ["draft of {text}"]}
  - id: gate
    title: Ask the editor
    type: human
    prompt: "Publish {text}?"
    choices: [approve, reject]
    outputs: [decision]
  - id: publish
    type: set
    values: {log: ["published {text}"]}
  - id: drop
    type: end
    status: error
    message: "{text} was rejected"
edges:
  - {from: START, to: draft}
  - {from: draft, to: gate}
  - {from: gate, routes: [{condition: "decision == 'approve'", to: publish}], default: drop}
  - {from: publish, to: END}
outputs: [log]
"""

WORK = """
import os
import time
from pathlib import Path
from typing import Any

here = Path(__file__).parent


def note(word):
    with (here / "done.txt").open("a") as file:
        file.write(word + "\\n")
    return word


def hold(word):
    note(word)
    (here / "reached").touch()
    while not (here / "go").exists():
        time.sleep(0.01)
    return word


def flaky(word):
    note(word)
    if not (here / "repaired").exists():
        raise ConnectionError("the mail server is down")
    return word
"""

STEPS = """
schema_version: "1.0"
flow: {{name: steps}}
state:
  fields: {{log: {{type: "list[str]", reducer: append}}}}
nodes:
  - {{id: one, type: python, callable: "work:note", inputs: {{word: one}}, outputs: [log]}}
  - {{id: two, type: python, callable: "work:{two}", inputs: {{word: two}}, outputs: [log]{rule}}}
  - {{id: three, type: python, callable: "work:note", inputs: {{word: three}}, outputs: [log]}}
config: {{execution: {{durable: true, timeout: 300}}}}
"""


def done(cli: CommandLine) -> list[str]:
    return (cli.directory / "done.txt").read_text().split()


def spans_of_last(cli: CommandLine) -> list[dict[str, Any]]:
    return cli("show", "last", "--json").json["spans"]


def tree(cli: CommandLine) -> list[str]:
    """Return the names, types and statuses of the last run, indented."""
    spans = spans_of_last(cli)

    def lines(parent, depth):
        for span in spans:
            if span["parent_id"] == parent:
                yield f"{'  ' * depth}{span['name']} {span['type']} {span['status']}"
                yield from lines(span["span_id"], depth + 1)

    return list(lines(None, 0))


def kill_when_reached(cli: CommandLine, *arguments: str) -> None:
    """Start the run and kill it, as the kernel would, once its second node is at work."""
    process = subprocess.Popen(
        cli.command(*arguments), env=cli.environment(), cwd=cli.directory, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not (cli.directory / "reached").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    while not any(span["status"] == "running" for span in spans_of_last(cli)[1:]):
        assert time.monotonic() < deadline
    process.send_signal(signal.SIGKILL)
    process.wait()
