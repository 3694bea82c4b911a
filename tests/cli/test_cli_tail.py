"""`agentglass tail`: spans of a run in another process, as they end."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from textwrap import dedent

import pytest
from command_line import CommandLine

Start = Callable[..., subprocess.Popen[str]]

PACED = dedent("""
    import agentglass, sys
    from agentglass.spans import Usage
    with agentglass.trace(sys.argv[1]):
        with agentglass.span("first", type="llm") as call:
            call.usage = Usage(input_tokens=12, output_tokens=5)
        agentglass.flush()
        print("ready", flush=True)
        sys.stdin.readline()
        with agentglass.span("second"):
            pass
""")
"""A run that waits between its two steps until it is told to go on."""


@pytest.fixture
def start(cli: CommandLine) -> Iterator[Start]:
    """Start programs beside the command line's home; those that are left are killed."""
    programs: list[subprocess.Popen[str]] = []

    def start_program(*command: str) -> subprocess.Popen[str]:
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        env = cli.environment()
        programs.append(subprocess.Popen(command, text=True, env=env, cwd=cli.directory, **pipes))
        return programs[-1]

    yield start_program
    for program in programs:
        program.kill()
        program.communicate()


def start_run(start: Start, name: str = "paced") -> subprocess.Popen[str]:
    program = start(sys.executable, "-c", PACED, name)
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    return program


def test_a_running_run_is_listed_and_followed_until_it_ends(cli: CommandLine, start: Start) -> None:
    run = start_run(start)
    listed = cli("runs", "--status", "running", "--json").json
    tail = start(*cli.command("tail", listed[0]["run_id"][:8]))
    assert tail.stdout is not None
    first = tail.stdout.readline()
    run.communicate("\n")
    rest, err = tail.communicate(timeout=60)

    assert [found["name"] for found in listed] == ["paced"]
    assert "first" in first
    assert "12→5 tok" in first
    assert [line.split()[-1] for line in rest.splitlines()] == ["second", "paced"]
    assert (tail.returncode, err) == (0, "")
    assert cli("runs", "--status", "running", "--json").json == []


def test_without_a_run_every_run_is_followed_until_ctrl_c(cli: CommandLine, start: Start) -> None:
    one = start_run(start, "one")
    tail = start(*cli.command("tail", "--json"))
    assert tail.stdout is not None
    names = [json.loads(tail.stdout.readline())["name"]]
    one.communicate("\n")
    start_run(start, "two").communicate("\n")
    names += [json.loads(tail.stdout.readline())["name"] for _ in range(5)]
    assert names == ["first", "second", "one", "first", "second", "two"]
    tail.send_signal(signal.SIGINT)
    out, err = tail.communicate(timeout=60)

    assert (tail.returncode, out, err) == (0, "", "")


def test_a_run_whose_process_is_killed_ends_for_its_followers_too(
    cli: CommandLine, start: Start
) -> None:
    run = start_run(start)
    tail = start(*cli.command("tail", "last", "--json"))
    assert tail.stdout is not None
    tail.stdout.readline()
    run.kill()
    run.wait()
    out, err = tail.communicate(timeout=60)

    (last,) = map(json.loads, out.splitlines())
    assert (tail.returncode, err) == (0, "")
    assert (last["name"], last["error"]["type"]) == ("paced", "ProcessDied")


def test_a_run_that_is_over_is_printed_whole(cli: CommandLine, start: Start) -> None:
    start_run(start).communicate("\n")

    output = cli("tail", "last", "--json")

    records = [json.loads(line) for line in output.out.splitlines()]
    assert [record["name"] for record in records] == ["first", "second", "paced"]
    assert {record["trace_id"] for record in records} == {records[0]["trace_id"]}
    assert records[0]["usage"]["input_tokens"] == 12


def test_a_run_that_does_not_exist_is_an_error(cli: CommandLine) -> None:
    output = cli("tail", "abcdef")

    assert (output.code, output.out) == (2, "")
    assert "There is no run 'abcdef' in the store" in output.err


def test_tail_ends_when_nobody_reads_it_any_more(cli):
    program = subprocess.Popen(
        cli.command("tail"), env=cli.environment(), cwd=cli.directory, stdout=subprocess.PIPE
    )
    program.stdout.close()

    assert program.wait(timeout=60) == 0
