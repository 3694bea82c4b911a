"""`agentglass resume`, `approve`, `reject`: runs that stopped with their process."""

import json
import subprocess
import time
from pathlib import Path

from stopped_runs import GATE, STEPS, WORK, done, kill_when_reached, tree


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
