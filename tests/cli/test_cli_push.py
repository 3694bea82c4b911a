"""The verbs that show and send what waits for the sinks."""

import subprocess
import sys
from collections.abc import Callable, Mapping

import pytest
from command_line import CommandLine

from agentglass.testing import Blow, HostileServer

DOWN = Blow(status=503, body=b"maintenance")
PROGRAM = """
import agentglass, sys
agentglass.configure(sinks=[{sinks}], exit_wait_s=0.3)
for number in range(3):
    with agentglass.trace("run", input=number):
        pass
"""


@pytest.fixture
def server():
    with HostileServer(DOWN) as running:
        yield running


@pytest.fixture
def record(cli: CommandLine) -> Callable[..., None]:
    """Run a program that records three runs for sinks, given as Python."""

    def run_program(*sinks: str, env: Mapping[str, str] | None = None) -> None:
        path = cli.write(PROGRAM.format(sinks=", ".join(sinks)), "program.py")
        subprocess.run([sys.executable, path], env=cli.environment(env), timeout=60, check=True)

    return run_program


def http(server, **options) -> str:
    return repr(("http", {"target": server.url, **options}))


def test_push_sends_what_waits_and_says_how_much(record, cli, server):
    record(http(server))
    server.treatment = Blow()

    pushed = cli("push")
    again = cli("push")

    assert (pushed.code, pushed.out) == (0, f"http {server.url}: 3 spans sent\n")
    assert (again.code, again.out) == (0, f"http {server.url}: 0 spans sent\n")
    assert len(list(server.traces())) == 3


def test_push_once_leaves_what_fails_and_exits_with_1(record, cli, server):
    record(http(server))

    pushed = cli("push", "--once", "--json")

    assert pushed.code == 1
    assert pushed.json == [
        {"kind": "http", "target": server.url, "spans_sent": 0, "pending": 3, "refused": 0}
    ]
    assert pushed.err.count("takes no spans at the moment: HTTP 503: maintenance") == 1


def test_push_waits_for_a_server_to_come_back(record, cli, server):
    record(http(server))
    before = len(server.requests)
    server.treatment = lambda _: Blow() if len(server.requests) > before + 2 else DOWN

    pushed = cli("push")

    assert (pushed.code, pushed.out) == (0, f"http {server.url}: 3 spans sent\n")
    assert pushed.err.count("\n") == 2, "one line when the outage begins and one when it ends"


def test_push_sends_to_one_sink_only_when_told(record, cli, server):
    with HostileServer(DOWN) as other:
        record(http(server), http(other))
        server.treatment = other.treatment = Blow()
        pushed = cli("push", "--sink", other.url)

    assert pushed.out == f"http {other.url}: 3 spans sent\n"
    assert list(server.traces()) == []


def test_push_finds_credentials_in_the_environment(record, cli, server):
    env = {"SINK_KEY": "Bearer one"}
    record(http(server, headers_env={"authorization": "SINK_KEY"}), env=env)
    server.treatment = Blow()

    without = cli("push")
    # A key that was replaced meanwhile is as good.
    sent = cli("push", env={"SINK_KEY": "Bearer two"})

    assert without.code == 1
    assert "The environment variable 'SINK_KEY' is not set" in without.err
    assert sent.code == 0
    assert server.taken[-1].headers["authorization"] == "Bearer two"


def test_push_says_which_sinks_only_their_program_can_open(record, cli, server):
    record(http(server, headers={"authorization": "Bearer one"}))
    own = "__import__('agentglass.testing').testing.MemorySink([agentglass.spans.Retry('no')] * 9)"
    record(own)

    pushed = cli("push")

    assert pushed.code == 1
    assert "needs headers that its program did not take from the environment" in pushed.err
    assert "The sink 'memory' is an object of the program" in pushed.err
    assert server.taken == []


def test_dead_letters_are_shown_with_their_reason_and_can_be_tried_again(record, cli, server):
    record(http(server))
    server.treatment = Blow(status=422, body=b"too odd")

    refused = cli("push")
    shown = cli("sinks")
    (state,) = cli("sinks", "--json").json
    retried = cli("sinks", "--retry-dead")
    server.treatment = Blow()
    sent = cli("push")

    assert refused.code == 1
    assert "3 runs refused for good: agentglass sinks" in refused.out
    assert shown.out.count("(HTTP 422: too odd)") == 4, "the last error and three letters"
    assert (state["dead"], state["pending"], len(state["dead_letters"])) == (3, 0, 3)
    assert "3 dead letters wait again" in retried.out
    assert (sent.code, sent.out) == (0, f"http {server.url}: 3 spans sent\n")


def test_sinks_show_how_long_the_oldest_run_waits_and_why(record, cli, server):
    record(http(server))

    (state,) = cli("sinks", "--json").json
    shown = cli("sinks").out

    assert (state["kind"], state["target"]) == ("http", server.url)
    assert (state["pending"], state["sent"], state["dead_letters"]) == (3, 0, [])
    assert state["last_error"] == "HTTP 503: maintenance"
    assert state["lag_s"] > 0
    assert state["attempts"] >= 1
    assert "HTTP 503: maintenance" in shown


def test_without_sinks_the_verbs_say_where_they_come_from(cli):
    assert cli("sinks").out == (
        "No sinks. A program names its own: agentglass.configure(sinks=[...])\n"
    )
    assert cli("push").code == 0
    assert cli("sinks", "--json").json == []


def test_an_unknown_sink_is_a_mistake(record, cli, server):
    record(http(server))

    asked = cli("sinks", "--sink", "htp")

    assert asked.code == 2
    assert "Unknown sink 'htp'. Did you mean 'http'?" in asked.err


def test_a_debug_file_that_could_not_be_written_is_written_by_push(record, cli):
    directory = cli.directory / "debug"
    directory.write_text("in the way")
    record(repr(("debug_file", {"directory": str(directory)})))
    directory.unlink()

    pushed = cli("push")

    assert pushed.code == 0, pushed.err
    assert len(list(directory.glob("*.json"))) == 3
