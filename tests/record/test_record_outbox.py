"""The outbox: what a sink gets, when it is down, slow or picky, and what a program waits for."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

import agentglass
from agentglass.errors import OptionError
from agentglass.record import Recorder, use_recorder
from agentglass.sinks import Sampled
from agentglass.spans import Cost, SinkAddress
from agentglass.store import SQLiteStore
from agentglass.testing import Blow, HostileServer, MemorySink

DOWN = Blow(status=503, body=b"maintenance")


@pytest.fixture
def server():
    with HostileServer() as running:
        yield running


@pytest.fixture
def record(tmp_path):
    """Make recorders with sinks, each with a store below `tmp_path`."""
    made = []

    def make(*sinks, home=tmp_path / "home", **options):
        recorder = Recorder(home=home, sinks=sinks, **options)
        made.append(recorder)
        return recorder

    yield make
    for recorder in made:
        recorder.close(0.5)


def to(server, **options):
    return ("http", {"target": server.url, **options})


def run(recorder, count=1, **fields):
    """Record runs of two spans each; returns their trace ids."""
    ids = []
    for _ in range(count):
        with use_recorder(recorder), agentglass.trace("run", **fields) as root:
            with agentglass.span("step"):
                pass
        ids.append(root.trace_id)
    return ids


def received(server):
    return Counter(trace["trace_id"] for trace in server.traces())


def test_a_run_is_with_the_sink_when_flush_returns(record, server):
    recorder = record(to(server))

    (trace_id,) = run(recorder)
    receipt = recorder.flush()

    assert receipt.delivered == {"http": 2}
    (sent,) = server.traces()
    assert sent["trace_id"] == trace_id
    assert [span["name"] for span in sent["spans"]] == ["run", "step"]


def test_what_is_still_open_is_sent_on_flush_and_again_when_it_ends(record, server):
    recorder = record(to(server))
    with use_recorder(recorder), agentglass.trace("run"):
        with agentglass.span("step"):
            pass
        first = recorder.flush()
    second = recorder.flush()

    assert (first.delivered, second.delivered) == ({"http": 1}, {"http": 2})
    assert [trace["status"] for trace in server.traces()] == ["running", "ok"]


def test_a_burst_reaches_a_slow_sink_whole_and_the_program_does_not_wait(record, server):
    """20 000 spans, a server that takes its time with each request: nothing is lost."""
    server.treatment = Blow(delay_s=0.2)
    recorder = record(to(server))
    for _ in range(100):
        with use_recorder(recorder), agentglass.trace("run"):
            for _ in range(199):
                with agentglass.span("step"):
                    pass
    receipt = recorder.flush(120)

    assert (receipt.dropped, receipt.pending) == (0, 0)
    assert receipt.delivered == {"http": 20_000}
    last = {trace["trace_id"]: trace for trace in server.traces()}
    assert sum(len(trace["spans"]) for trace in last.values()) == 20_000


def test_an_outage_is_said_once_and_its_end_once_and_nothing_is_lost(record, server, caplog):
    server.treatment = DOWN
    recorder = record(to(server))
    ids = run(recorder, 30)
    recorder.flush(5)
    ids += run(recorder, 30)
    recorder.flush(1)
    during = recorder.receipt()
    server.treatment = Blow()
    deadline = time.monotonic() + 60
    while recorder.flush(5).delivered != {"http": 120}:
        assert time.monotonic() < deadline

    assert during.delivered == {"http": 0}
    assert received(server) == dict.fromkeys(ids, 1)
    lines = [line.getMessage() for line in caplog.records if line.levelno >= logging.WARNING]
    assert len(lines) == 2, lines
    assert "takes no spans at the moment: HTTP 503: maintenance" in lines[0]
    assert "takes spans again" in lines[1]


def test_how_long_the_server_asks_to_wait_is_respected(record, server):
    server.treatment = [Blow(status=429, headers={"retry-after": "2"}), Blow()]
    recorder = record(to(server))
    run(recorder)
    recorder.flush(0.5)
    asked = time.monotonic()
    while not received(server):
        assert time.monotonic() < asked + 60
        time.sleep(0.05)

    assert len(server.requests) == 2


def test_what_the_server_refuses_is_found_and_the_rest_arrives(record, server):
    poison = "poison"

    def treat(request):
        return Blow(status=422, body=b"no poison") if poison.encode() in request.body else Blow()

    server.treatment = DOWN
    recorder = record(to(server))
    good = run(recorder, 20)
    (bad,) = run(recorder, 1, input=poison)
    good += run(recorder, 20)
    recorder.flush(0.2)
    server.treatment = treat
    deadline = time.monotonic() + 60
    while recorder.flush(5).delivered != {"http": 80}:
        assert time.monotonic() < deadline

    assert received(server) == dict.fromkeys(good, 1)
    (state,) = recorder.store.sinks()
    (letter,) = recorder.store.dead_letters(state.id)
    assert (letter.trace_id, state.pending, state.dead) == (bad, 0, 1)
    assert "HTTP 422: no poison" in letter.reason


def test_a_sink_that_raises_stops_neither_the_run_nor_the_other_sinks(record, server):
    class Broken:
        name = "broken"

        def deliver(self, batch):
            raise RuntimeError("a bug in the sink")

        def close(self):
            raise RuntimeError("another")

    recorder = record(Broken(), to(server))
    ids = run(recorder, 3)
    receipt = recorder.close(5)

    assert receipt.delivered == {"broken": 0, "http": 6}
    assert received(server) == dict.fromkeys(ids, 1)
    broken = recorder.store.sinks()[0]
    assert (broken.pending, broken.last_error) == (3, "RuntimeError: a bug in the sink")


def test_a_sink_that_answers_nonsense_is_tried_again(record):
    sink = MemorySink(["odd", None])
    recorder = record(sink)
    run(recorder)
    deadline = time.monotonic() + 30
    while recorder.flush(5).delivered != {sink.name: 2}:
        assert time.monotonic() < deadline


def test_the_exit_is_bounded_when_the_server_hangs(server, home):
    server.treatment = Blow(delay_s=300)
    code = (
        "import agentglass, sys, time\n"
        "agentglass.configure(sinks=[('http', {'target': sys.argv[1], 'timeout_s': 200})],"
        " exit_wait_s=0.5)\n"
        "with agentglass.trace('run'): pass\n"
    )
    program = subprocess.run(
        [sys.executable, "-c", code, server.url], timeout=60, capture_output=True, check=False
    )
    store = SQLiteStore(home / "traces.db")

    assert (program.returncode, program.stderr) == (0, b"")
    assert store.sinks()[0].pending == 1


def test_a_program_sends_nothing_of_another_and_nothing_from_before(record, server):
    run(record())
    with HostileServer() as other:
        run(first := record(to(other)))
        (own,) = run(second := record(to(server)))
        first.flush()
        second.flush()

    assert received(server) == {own: 1}
    assert own not in received(other)


def test_what_one_process_could_not_send_goes_with_the_next(record, server):
    server.treatment = DOWN
    first = record(to(server))
    ids = run(first, 3)
    first.close(0.5)
    server.treatment = Blow()

    second = record(to(server))
    ids += run(second)
    deadline = time.monotonic() + 60
    while received(server).keys() != set(ids):
        second.flush(5)
        assert time.monotonic() < deadline

    assert received(server) == dict.fromkeys(ids, 1)


def test_two_senders_never_have_the_same_run_in_hand(record, server):
    """Two recorders of one sink and one store, as two processes have them."""
    server.treatment = Blow(delay_s=0.02)
    recorders = [record(to(server)), record(to(server))]
    threads = [threading.Thread(target=run, args=(each, 40)) for each in recorders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in recorders:
        assert each.flush(60).pending == 0
    deadline = time.monotonic() + 60
    while recorders[0].store.sinks()[0].pending:
        assert time.monotonic() < deadline
        time.sleep(0.05)

    assert sorted(received(server).values()) == [1] * 80


def test_a_killed_program_leaves_its_outbox_to_push(server, home):
    server.treatment = DOWN
    code = (
        "import agentglass, sys, time\n"
        "agentglass.configure(sinks=[('http', {'target': sys.argv[1]})])\n"
        "for n in range(50):\n"
        "    with agentglass.trace('run'):\n"
        "        with agentglass.span('step'): pass\n"
        "agentglass.flush(); print('ready', flush=True); time.sleep(60)\n"
    )
    program = subprocess.Popen([sys.executable, "-c", code, server.url], stdout=subprocess.PIPE)
    assert program.stdout.readline() == b"ready\n"
    os.kill(program.pid, signal.SIGKILL)
    program.communicate(timeout=60)
    server.treatment = Blow()

    pushes = [
        subprocess.Popen([sys.executable, "-m", "agentglass", "push"], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for push in pushes:
        push.communicate(timeout=60)

    assert [push.returncode for push in pushes] == [0, 0]
    assert sorted(received(server).values()) == [1] * 50


def test_a_forked_child_sends_its_own_runs(record, server):
    recorder = record(to(server))
    (parents,) = run(recorder)
    recorder.flush()
    child = os.fork()
    if child == 0:
        run(recorder)
        recorder.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    (second,) = run(recorder)
    recorder.flush()

    got = received(server)
    assert set(got.values()) == {1}
    assert len(got) == 3
    assert {parents, second} < got.keys()


def test_a_sample_keeps_its_share_and_all_that_stands_out(record):
    sinks = [MemorySink(), MemorySink()]
    sampled = Sampled(sinks[0], ratio=0.25, keep_costlier_than_usd=0.5)
    sampled_too = Sampled(sinks[1], ratio=0.5, keep_errors=False)
    sampled_too.address = SinkAddress("memory", "other")
    recorder = record(sampled, sampled_too)
    plain = run(recorder, 200)
    with (
        pytest.raises(ValueError, match="no"),
        use_recorder(recorder),
        agentglass.trace("failed") as failed,
    ):
        raise ValueError("no")
    with use_recorder(recorder), agentglass.trace("costly") as costly:
        costly.cost = Cost.from_usd("1")
        costly.usage = agentglass.Usage(input_tokens=1)
    receipt = recorder.flush()

    quarter, half = ({trace.summary.trace_id for trace in sink.traces} for sink in sinks)
    assert {failed.trace_id, costly.trace_id} <= quarter
    assert quarter & set(plain) <= half, "the same traces are kept at every ratio"
    assert 20 <= len(quarter & set(plain)) <= 80
    assert 60 <= len(half & set(plain)) <= 140
    assert receipt.delivered == {"memory": 402, "memory other": 402}


def test_a_sink_that_moves_to_another_place_goes_on(record, server, tmp_path):
    """The store is damaged while the program runs: the new one has an outbox too."""
    recorder = record(to(server))
    run(recorder)
    recorder.flush()
    path = tmp_path / "home" / "traces.db"
    for name in ("traces.db", "traces.db-wal", "traces.db-shm"):
        (tmp_path / "home" / name).unlink(missing_ok=True)
    (after,) = run(recorder)
    recorder.flush()

    assert received(server)[after] == 1
    assert path.exists()


def test_at_the_quota_what_every_sink_has_goes_before_what_waits(record, server):
    recorder = record(to(server), max_store_bytes=1_500_000)
    filler = "".join(f"{number:x}" for number in range(20_000))
    sent = run(recorder, 10, input=filler)
    recorder.flush()
    server.treatment = DOWN
    waiting = run(recorder, 10, input=filler[::-1])
    recorder.flush(1)
    before = {trace.trace_id for trace in recorder.store.find(limit=100).traces}
    for number in range(300):
        run(recorder, input=f"{number}{filler}")
    deadline = time.monotonic() + 60
    while recorder.store.stats()["lost_spans"] == 0:
        assert time.monotonic() < deadline
        run(recorder, input=f"{time.monotonic_ns()}{filler}")
        recorder.flush(1)

    after = {trace.trace_id for trace in recorder.store.find(limit=1000).traces}
    assert set(sent) | set(waiting) == before
    assert not set(sent) & after
    assert waiting[0] not in after


def test_the_same_destination_twice_is_a_mistake(record, server):
    with pytest.raises(OptionError, match="was given twice"):
        record(to(server), to(server))


def test_an_unknown_sink_names_the_nearest(record):
    with pytest.raises(OptionError, match="Did you mean 'http'"):
        record("htpt")


def test_no_credential_is_in_the_store(record, server, home, tmp_path):
    server.treatment = Blow(status=401, body=b"Bearer hunter2 is not valid")
    recorder = record(to(server, headers={"authorization": "Bearer hunter2"}))
    run(recorder)
    recorder.flush(1)
    recorder.close(1)

    kept = b"".join(path.read_bytes() for path in (tmp_path / "home").iterdir())
    assert b"hunter2" not in kept
    assert b"is not valid" in kept
