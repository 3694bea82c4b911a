"""`agentglass resume`, `approve`, `reject`: runs that wait for somebody."""

import json

import pytest
from stopped_runs import GATE


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
