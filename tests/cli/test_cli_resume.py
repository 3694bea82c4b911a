"""`agentglass resume`, `approve`, `reject`: runs that stop for somebody, or with their process."""

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
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


@pytest.fixture
def gate(cli: CommandLine) -> CommandLine:
    """A run that waits at its gate."""
    cli.write(GATE)
    assert cli("run", "workflow.yaml", "-i", "text=glass").code == 3
    return cli


@pytest.fixture
def work(cli: CommandLine) -> CommandLine:
    """A command line beside the module that counts what is done."""
    cli.write(WORK, "work.py")
    return cli


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


def test_a_run_that_waits_ends_with_3_and_says_how_to_answer(cli):
    cli.write(GATE)

    asked = cli("run", "workflow.yaml", "-i", "text=glass")

    assert asked.code == 3
    assert asked.out == ""
    assert "waits for an answer" in asked.err
    assert "gate: Publish glass?" in asked.err
    assert "Choices: approve, reject" in asked.err
    assert "agentglass resume " in asked.err
    assert "--answer 'approve'" in asked.err


def test_an_approved_run_goes_on_as_a_segment_of_the_same_trace(gate):
    approved = gate("approve", "last")

    assert approved.code == 0
    assert json.loads(approved.out) == ["draft of glass", "published glass"]
    assert len(gate("runs", "--json").json) == 1


def test_a_rejected_run_takes_the_other_way(gate):
    rejected = gate("reject", "last")

    assert rejected.code == 1
    assert "glass was rejected" in rejected.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--answer", "maybe"],
            "The answer does not fit: it is 'maybe'. Expected: approve, reject",
        ),
        (["--answer", "approve", "--node", "gaet"], "No question of 'gaet' is open. Did you mean"),
        (["--node", "gate"], "--node says whose question is answered; add --answer."),
        ([], "waits for an answer: gate: Publish glass?"),
    ],
)
def test_an_answer_that_cannot_be_used_leaves_the_run_waiting(gate, arguments, message):
    refused = gate("resume", "last", *arguments)

    assert refused.code == 2
    assert message in refused.err
    assert "Traceback" not in refused.err
    assert gate("approve", "last").code == 0


def test_a_run_that_has_ended_cannot_go_on(gate):
    gate("approve", "last")
    run = gate("runs", "--json").json[0]["run_id"]

    again = gate("approve", run)

    assert again.code == 2
    assert "has ended" in again.err
    assert gate("resume", "last").code == 2
    assert gate("resume", "nothing").code == 2


def test_a_file_that_has_changed_is_not_gone_on_with_unasked(gate):
    gate.write(GATE.replace("published", "printed"))

    refused = gate("approve", "last")
    allowed = gate("approve", "last", "--allow-changed")

    assert refused.code == 2
    assert "has changed since" in refused.err
    assert json.loads(allowed.out) == ["draft of glass", "printed glass"]


def test_a_json_envelope_tells_the_questions(cli):
    cli.write(GATE)

    envelope = cli("run", "workflow.yaml", "-i", "text=glass", "--output-format", "json").json

    assert envelope["status"] == "degraded"
    (question,) = envelope["questions"]
    assert question["node_id"] == "gate"
    assert question["prompt"] == "Publish glass?"
    assert question["choices"] == ["approve", "reject"]


def test_a_run_at_level_off_can_wait_too(cli):
    cli.write(GATE)

    asked = cli("run", "workflow.yaml", "-i", "text=glass", "--level", "off")
    approved = cli("approve", "last")

    assert (asked.code, approved.code) == (3, 0)
    assert json.loads(approved.out) == ["draft of glass", "published glass"]
    assert cli("runs", "--json").json == []


def test_a_killed_run_goes_on_where_it_was(work):
    """No finished node runs again, and the trace has every part of the run."""
    work.write(STEPS.format(two="hold", rule=""))

    kill_when_reached(work, "run", "workflow.yaml")
    (work.directory / "go").touch()
    resumed = work("resume", "last")

    assert resumed.code == 0
    assert json.loads(resumed.out) == ["one", "two", "three"]
    assert done(work) == ["one", "two", "two", "three"]
    assert tree(work) == [
        "steps workflow error",
        "  one node ok",
        "  two node error",
        "  resume segment ok",
        "    two node ok",
        "    three node ok",
    ]


def test_work_that_must_not_be_done_twice_is_not_done_twice(work):
    """langgraph#8039: nobody knows whether the killed node did its work, so it is not repeated."""
    work.write(STEPS.format(two="hold", rule=", idempotency: true"))

    kill_when_reached(work, "run", "workflow.yaml")
    (work.directory / "go").touch()
    refused = work("resume", "last")
    told = work("resume", "last", "--redo", "two")

    assert refused.code == 1
    assert "nobody knows whether it was done" in refused.err
    assert "--redo two" in refused.err
    assert told.code == 0
    assert done(work) == ["one", "two", "two", "three"]


def test_work_with_a_key_is_done_once_over_all_runs(work):
    work.write(STEPS.format(two="note", rule=', idempotency: "order-7"'))

    first, second = work("run", "workflow.yaml"), work("run", "workflow.yaml")

    assert json.loads(first.out) == json.loads(second.out) == ["one", "two", "three"]
    assert done(work) == ["one", "two", "three", "one", "three"]
    assert "  two node cached" in tree(work)


def test_work_that_another_run_does_at_the_moment_is_left_to_it(work):
    work.write(STEPS.format(two="hold", rule=', idempotency: "order-7"'))
    first = subprocess.Popen(
        work.command("run", "workflow.yaml"),
        env=work.environment(),
        cwd=work.directory,
        stdout=subprocess.DEVNULL,
    )
    while not (work.directory / "reached").exists():
        time.sleep(0.02)

    second = work("run", "workflow.yaml")
    (work.directory / "go").touch()

    assert first.wait(60) == 0
    assert second.code == 1
    assert "is being done by the run" in second.err
    assert done(work).count("two") == 1


def test_a_failed_run_goes_on_at_the_node_that_failed(work):
    work.write(STEPS.format(two="flaky", rule=", idempotency: true"))

    failed = work("run", "workflow.yaml")
    (work.directory / "repaired").touch()
    resumed = work("resume", "last")

    assert failed.code == 1
    assert "mail server is down" in failed.err
    assert json.loads(resumed.out) == ["one", "two", "three"]
    assert done(work) == ["one", "two", "two", "three"]


def test_a_run_is_not_taken_from_a_living_process(work):
    work.write(STEPS.format(two="hold", rule=""))
    process = subprocess.Popen(
        work.command("run", "workflow.yaml"),
        env=work.environment(),
        cwd=work.directory,
        stdout=subprocess.PIPE,
    )
    while not (work.directory / "reached").exists():
        time.sleep(0.02)

    refused = work("resume", "last")
    (work.directory / "go").touch()
    out, _ = process.communicate(timeout=60)

    assert refused.code == 2
    assert "is being run by another process" in refused.err
    assert json.loads(out) == ["one", "two", "three"]
    assert done(work) == ["one", "two", "three"]


def test_of_two_answers_at_once_one_is_taken(gate):
    both = [
        subprocess.Popen(
            gate.command(verb, "last"),
            env=gate.environment(),
            cwd=gate.directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for verb in ("approve", "approve")
    ]
    ended = [(each.communicate(timeout=60), each.returncode) for each in both]

    assert sorted(code for _, code in ended) == [0, 2]
    ((out, _),) = [texts for texts, code in ended if code == 0]
    assert json.loads(out) == ["draft of glass", "published glass"]
    assert b"Traceback" not in b"".join(err for (_, err), _ in ended)


def test_an_answer_that_was_accepted_survives_the_process(cli):
    """langgraph#8764: the answer is kept before the run goes on; the next resume needs none."""
    cli.write(WORK, "work.py")
    gate = GATE.replace(
        'values: {log: ["published {text}"]}',
        'values: {log: ["published {text}"]}\n  - id: held\n    type: python\n'
        "    callable: work:hold\n    inputs: {word: held}\n    outputs: [log]",
    ).replace("{from: publish, to: END}", "{from: publish, to: held}\n  - {from: held, to: END}")
    cli.write(gate)
    assert cli("run", "workflow.yaml", "-i", "text=glass").code == 3

    kill_when_reached(cli, "approve", "last")
    (cli.directory / "go").touch()
    resumed = cli("resume", "last")

    assert resumed.code == 0
    assert json.loads(resumed.out) == ["draft of glass", "published glass", "held"]


def test_a_run_killed_before_its_first_node_ended_begins_again(work):
    """langgraph#8764: the run was accepted, so it is not dropped."""
    first = STEPS.format(two="note", rule="").replace(
        '"work:note", inputs: {word: one}', '"work:hold", inputs: {word: one}'
    )
    work.write(first)

    kill_when_reached(work, "run", "workflow.yaml")
    (work.directory / "go").touch()
    resumed = work("resume", "last")

    assert json.loads(resumed.out) == ["one", "two", "three"]


def test_a_deleted_run_leaves_nothing_to_go_on_with(gate):
    deleted = gate("delete", "last", "--yes")

    assert deleted.code == 0
    assert gate("resume", "last").code == 2
    assert b"glass" not in (gate.home / "state.db").read_bytes()


def test_a_failed_run_says_how_it_goes_on(work):
    work.write(STEPS.format(two="flaky", rule=""))

    failed = work("run", "workflow.yaml")

    assert "Go on with it with: agentglass resume " in failed.err


def test_the_latest_that_waits_is_answered(work):
    """`approve last` is for a run that waits, though another has failed since."""
    work.write(GATE, "gate.yaml")
    work.write(STEPS.format(two="flaky", rule=""))
    assert work("run", "gate.yaml", "-i", "text=glass").code == 3
    assert work("run", "workflow.yaml").code == 1

    assert work("approve", "last").code == 0


def test_state_db_is_for_its_owner_only(gate):
    path: Path = gate.home / "state.db"

    assert path.stat().st_mode & 0o077 == 0
    assert gate.home.stat().st_mode & 0o077 == 0
