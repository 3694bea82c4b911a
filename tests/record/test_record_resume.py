"""Runs that wait for somebody, and go on."""

import json
import os
import signal
import subprocess
import sys
import textwrap

import agentglass
from agentglass.record import answer_interrupt, open_interrupt, resume_trace
from agentglass.store import SQLiteStore
from agentglass.testing import capture


def ask(question="go on?"):
    with agentglass.trace("approval", tags={"workflow": "w"}, session_id="s") as run:
        with agentglass.span("ask"):
            ticket = open_interrupt("question", input=question, attributes={"to": "anna"})
        run.status = agentglass.Status.INTERRUPTED
    return json.loads(json.dumps(ticket))


def test_a_resumed_run_is_the_same_run_with_the_status_of_its_last_segment():
    with capture() as t:
        ticket = ask()
        waiting = (t.trace.summary.status, t.trace.attempt, t.trace.completeness.reasons)
        with resume_trace(ticket, input="yes") as segment:
            running = t.trace.summary.status
            answer_interrupt(ticket, output="yes")

    trace = t.trace
    question = t.span("question")
    assert waiting == ("interrupted", 1, ("1 span is still open",))
    assert running == "running"
    assert (trace.summary.status, trace.attempt) == ("ok", 2)
    assert trace.summary.end_ns == t.span("resume").end_ns
    assert (trace.summary.run_id, trace.summary.session_id) == (segment.run_id, "s")
    assert trace.summary.tags == {"workflow": "w"}
    assert (question.input, question.output, question.status) == ("go on?", "yes", "ok")
    assert question.attributes == {"to": "anna"}
    assert question.start_ns < t.span("resume").start_ns < question.end_ns
    assert trace.completeness.is_complete


def test_a_question_may_end_without_an_answer():
    with capture() as t:
        ticket = ask()
        with resume_trace(ticket) as segment:
            answer_interrupt(ticket, status=agentglass.Status.TIMED_OUT)
            segment.status = agentglass.Status.TIMED_OUT

    assert t.span("question").status == "timed_out"
    assert t.trace.summary.status == "timed_out"


def test_a_run_can_go_on_with_its_two_ids_alone():
    with capture() as t:
        with agentglass.trace("run") as run:
            pass
        with resume_trace({"trace_id": run.trace_id, "root_span_id": run.span_id}, name="again"):
            pass

    assert t.outline() == "run workflow ok\n  again segment ok"


def test_nothing_is_asked_or_resumed_where_nothing_is_recorded():
    with capture(level="off") as t:
        ticket = ask()
        with resume_trace(ticket):
            answer_interrupt(ticket, output=1)
            with agentglass.span("below"):
                pass

    assert ticket is None
    assert t.spans == []


def test_an_answer_outside_of_a_segment_is_ignored():
    with capture() as t:
        ticket = ask()
        answer_interrupt(ticket, output="yes")

    assert t.span("question").end_ns is None


def test_a_segment_whose_process_dies_ends_the_run_as_an_error_and_leaves_the_question_open(home):
    code = """
        import agentglass, json, os, signal, sys
        from agentglass.record import open_interrupt, resume_trace
        with agentglass.trace("approval") as run:
            ticket = open_interrupt("question")
            run.status = agentglass.Status.INTERRUPTED
        with resume_trace(ticket), agentglass.span("work"):
            agentglass.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env=os.environ)

    assert done.returncode == -signal.SIGKILL
    store = SQLiteStore(home / "traces.db")
    (summary,) = store.find().traces
    statuses = {span.name: str(span.status) for span in store.get_trace(summary.trace_id).spans}
    assert (summary.status, summary.end_ns is not None) == ("error", True)
    assert statuses["question"] == statuses["approval"] == "interrupted"
    assert statuses["resume"] == "error"
