"""Ends of processes: the ordinary one, `sys.exit`, an exception, a fork, a kill."""

import os
import signal
import subprocess
import sys
import textwrap
import time

from agentglass.store import SQLiteStore


def run_program(code, **options):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, **options
    )


def traces(home):
    store = SQLiteStore(home / "traces.db")
    return [store.get_trace(run.trace_id) for run in store.find().traces]


def test_a_short_program_is_recorded_without_a_flush(home):
    run_program("import agentglass\nwith agentglass.trace('run'): pass", check=True)

    assert [trace.summary.status for trace in traces(home)] == ["ok"]


def test_sys_exit_and_an_unhandled_exception_are_recorded(home):
    exits = run_program("import agentglass, sys\nwith agentglass.trace('exits'): sys.exit(3)")
    fails = run_program("import agentglass\nwith agentglass.trace('fails'): 1/0")

    assert (exits.returncode, fails.returncode) == (3, 1)
    found = {trace.summary.name: trace for trace in traces(home)}
    assert found["exits"].spans[0].error.type == "SystemExit"
    assert found["fails"].spans[0].error.type == "ZeroDivisionError"
    assert all(trace.completeness.is_complete for trace in found.values())


def test_a_forked_child_records_its_own_traces_and_keeps_them_through_os_exit(home):
    code = """
        import agentglass, os
        with agentglass.trace("parent"):
            pid = os.fork()
            if pid == 0:
                with agentglass.trace("unused"):
                    pass
                os._exit(0)
            os.waitpid(pid, 0)
        pid = os.fork()
        if pid == 0:
            with agentglass.trace("child") as run:
                with agentglass.span("step"):
                    pass
            os._exit(0)
        os.waitpid(pid, 0)
    """
    result = run_program(code)

    assert (result.returncode, result.stderr) == (0, "")
    found = {trace.summary.name: trace for trace in traces(home)}
    assert set(found) == {"parent", "child"}
    assert found["child"].completeness.is_complete
    assert found["parent"].summary.status == "ok"
    processes = {trace.summary.process_id for trace in found.values()}
    assert len(processes) == 2


def test_a_killed_process_keeps_what_had_ended_and_its_open_spans_say_that_it_died(home):
    code = """
        import agentglass, time
        with agentglass.trace("doomed"):
            for number in range(20):
                with agentglass.span(f"step {number}"):
                    pass
            with agentglass.span("open"):
                with agentglass.span("inner"):
                    pass
                agentglass.flush()
                print("ready", flush=True)
                time.sleep(60)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGKILL)

    (trace,) = traces(home)
    statuses = {span.name: str(span.status) for span in trace.spans}
    assert {statuses[f"step {number}"] for number in range(20)} == {"ok"}
    died = [span.name for span in trace.spans if span.error and span.error.type == "ProcessDied"]
    assert died == ["doomed", "open"]
    assert trace.summary.status == "error"
    assert not trace.completeness.is_complete
    assert any("unknown tail" in reason for reason in trace.completeness.reasons)


def test_a_run_of_a_living_process_is_left_alone(home):
    code = """
        import agentglass, sys
        with agentglass.trace("alive"):
            agentglass.flush()
            print("ready", flush=True)
            sys.stdin.readline()
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "ready\n"
        (running,) = traces(home)
        process.stdin.write("\n")
        process.stdin.close()

    assert running.summary.status == "running"
    assert [trace.summary.status for trace in traces(home)] == ["ok"]


def test_many_processes_write_one_store_at_once(home):
    """Several writers, nothing lost, nothing mixed."""
    code = """
        import agentglass
        for number in range(5):
            with agentglass.trace("run"):
                for step in range(100):
                    with agentglass.span("step", input=step):
                        pass
    """
    processes = [subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)]) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]

    found = traces(home)
    assert len(found) == 20
    assert all(trace.completeness.is_complete for trace in found)
    assert all(len(trace.spans) == 101 for trace in found)
    seqs = [span.seq for trace in found for span in trace.spans]
    assert len(set(seqs)) == len(seqs)


def test_the_store_opens_while_it_is_written(home):
    code = """
        import agentglass, time
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            with agentglass.trace("run"):
                pass
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)]) as process:
        while process.poll() is None:
            if (home / "traces.db").exists():
                SQLiteStore(home / "traces.db").find(limit=5)
            time.sleep(0.02)

    assert process.returncode == 0


def test_a_working_directory_that_is_gone_does_not_matter(home, tmp_path):
    (tmp_path / "gone").mkdir()
    code = "import os, agentglass; os.rmdir(os.getcwd())\nwith agentglass.trace('run'): pass"
    result = run_program(code, cwd=tmp_path / "gone")

    assert (result.returncode, result.stderr) == (0, "")
    assert [trace.summary.status for trace in traces(home)] == ["ok"]


def test_the_commit_that_is_checked_out_is_recorded(home, tmp_path):
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-C", str(tmp_path)]
    revisions = []
    for steps in (
        [["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "one"]],
        [["pack-refs", "--all"]],
        [["checkout", "-q", "--detach"]],
    ):
        for step in steps:
            subprocess.run([*git, *step], check=True)
        run_program("import agentglass\nwith agentglass.trace('run'): pass", cwd=tmp_path)
        revisions.append(traces(home)[0].spans[0].resource.attributes["vcs.ref.head.revision"])

    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    assert revisions == [head.stdout.strip()] * 3
