"""How a process ends, and what is kept then: the table of docs/durability.md."""

import os
import signal

import pytest
from crash_programs import finish, run, start_ready, statuses, traces

import agentglass
from agentglass.record.sigterm import close_on_sigterm

RECORD = """
import agentglass, os, signal, sys, threading, time
{before}
with agentglass.trace("run"):
    with agentglass.span("open"):
        for number in range(200):
            with agentglass.span(f"step {{number}}"):
                pass
        print("ready", flush=True)
        {wait}
"""
ALL_STEPS = {f"step {number}": "ok" for number in range(200)}


def test_sigterm_without_a_handler_ends_the_process_as_ever():
    """What had ended 50 ms before is there, and the record says that the process died."""
    program = start_ready(RECORD.format(before="", wait="agentglass.flush(); time.sleep(60)"))
    while "run" not in traces() or len(traces()["run"].spans) < 202:
        assert program.poll() is None
    program.terminate()
    code, _, err = finish(program)

    assert (code, err) == (-signal.SIGTERM, "")
    assert statuses(traces()["run"]) == {"run": "died", "open": "died", **ALL_STEPS}


@pytest.mark.parametrize("wait", ["time.sleep(60)", "threading.Event().wait()", "while True: pass"])
def test_with_handle_sigterm_nothing_that_had_ended_is_lost(wait):
    code = RECORD.format(before="agentglass.configure(handle_sigterm=True)", wait=wait)
    program = start_ready(code)
    program.terminate()
    code, _, err = finish(program)

    assert (code, err) == (-signal.SIGTERM, "")
    trace = traces()["run"]
    assert statuses(trace) == {"run": "died", "open": "died", **ALL_STEPS}
    assert "ended while this span was open" in trace.spans[0].error.message


def test_a_handler_of_the_program_is_never_replaced():
    before = (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7));"
        "agentglass.configure(handle_sigterm=True)"
    )
    program = start_ready(RECORD.format(before=before, wait="time.sleep(60)"))
    program.terminate()
    code, _, err = finish(program)

    assert (code, err) == (7, "")
    trace = traces()["run"]
    assert trace.completeness.is_complete
    assert trace.spans[0].error.type == "SystemExit"


def test_without_being_asked_no_handler_is_installed():
    before = signal.getsignal(signal.SIGTERM)

    with agentglass.trace("run"):
        pass

    assert signal.getsignal(signal.SIGTERM) is before
    assert run("import agentglass, signal; agentglass.flush()\n"
               "assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL")[0] == 0  # fmt: skip


def test_from_another_thread_no_handler_can_be_installed():
    import threading

    answers = []
    thread = threading.Thread(target=lambda: answers.append(close_on_sigterm(lambda: None)))
    thread.start()
    thread.join()

    assert answers == [False]


def test_a_forked_child_inherits_the_care_for_sigterm():
    code = """
        import agentglass, os, signal, time
        agentglass.configure(handle_sigterm=True)
        pid = os.fork()
        if pid == 0:
            with agentglass.trace("child"):
                for number in range(50):
                    with agentglass.span(f"step {number}"):
                        pass
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(60)
        assert os.waitpid(pid, 0)[1] == signal.SIGTERM
    """
    assert run(code) == (0, "", "")

    assert len(traces()["child"].spans) == 51


def test_ctrl_c_is_recorded_like_any_exception():
    program = start_ready(RECORD.format(before="", wait="time.sleep(60)"))
    program.send_signal(signal.SIGINT)
    finish(program)

    trace = traces()["run"]
    assert trace.completeness.is_complete
    assert trace.summary.status == "cancelled"
    assert trace.spans[0].error.type == "KeyboardInterrupt"


def test_os_exit_keeps_what_was_flushed_and_says_that_the_rest_is_unknown():
    code = RECORD.format(before="", wait="agentglass.flush(); os._exit(3)")
    program = start_ready(code)

    assert finish(program)[0] == 3
    trace = traces()["run"]
    assert statuses(trace) == {"run": "died", "open": "died", **ALL_STEPS}
    assert any("unknown tail" in reason for reason in trace.completeness.reasons)


def test_a_thread_that_still_works_at_the_end_is_waited_for():
    code = """
        import agentglass, threading, time
        def work():
            with agentglass.trace("thread"):
                time.sleep(0.3)
        threading.Thread(target=work).start()
    """
    assert run(code) == (0, "", "")

    assert traces()["thread"].completeness.is_complete


def test_a_daemon_thread_that_records_to_the_very_end_does_no_harm():
    code = """
        import agentglass, threading, time
        def work():
            while True:
                with agentglass.trace("daemon"):
                    with agentglass.span("step"):
                        time.sleep(0.001)
        threading.Thread(target=work, daemon=True).start()
        with agentglass.trace("main"):
            time.sleep(0.2)
    """
    assert run(code) == (0, "", "")

    found = traces()
    assert found["main"].completeness.is_complete
    assert found["daemon"].tree.missing_parents == []


def test_exit_functions_are_recorded_whenever_they_run():
    """Ours runs in its turn: those registered before `import agentglass` run after it."""
    code = """
        import atexit
        def late():
            with agentglass.trace("after ours"):
                with agentglass.span("step"):
                    pass
        atexit.register(late)
        import agentglass
        @atexit.register
        def early():
            with agentglass.trace("before ours"):
                pass
        with agentglass.trace("main"):
            pass
    """
    assert run(code) == (0, "", "")

    found = traces()
    assert set(found) == {"main", "before ours", "after ours"}
    assert all(trace.completeness.is_complete for trace in found.values())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_that_is_killed_does_not_touch_what_its_parent_records():
    code = """
        import agentglass, os, signal, time
        with agentglass.trace("parent"):
            with agentglass.span("before"):
                pass
            pid = os.fork()
            if pid == 0:
                with agentglass.trace("ignored"):
                    os.kill(os.getpid(), signal.SIGKILL)
            os.waitpid(pid, 0)
            with agentglass.span("after"):
                pass
    """
    assert run(code) == (0, "", "")

    assert statuses(traces()["parent"]) == {"parent": "ok", "before": "ok", "after": "ok"}
