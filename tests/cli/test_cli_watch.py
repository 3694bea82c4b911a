"""`agentglass run --watch`: the live tree on a terminal, a line for each ended span in a pipe."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from command_line import CommandLine

STEPS = """
import multiprocessing
import sys
import time
from pathlib import Path

import agentglass
from agentglass.cli import watching


def ready():
    return 1


def wait():
    while not Path("go").exists():
        time.sleep(0.01)
    return 2


def speak():
    print("the [bold] words of the program")
    print("its last words", end="")
    return wait()


def fan_out():
    for number in range(30):
        with agentglass.span(f"branch {number}"):
            pass
    return wait()


def fork():
    child = multiprocessing.get_context("fork").Process(target=print, args=("words of a child",))
    child.start()
    child.join()
    return child.exitcode


def break_display():
    def broken(*arguments, **options):
        raise ZeroDivisionError("no\\x1b[2Jtree")

    watching.tree_lines = broken
    return wait()
"""

PACED = """
schema_version: "1.0"
flow: {name: paced}
state: {fields: {first: int, second: int}}
nodes:
  - {id: first, title: The first step, type: python, callable: watched:ready, outputs: [first]}
  - {id: second, title: The second step, type: python, callable: watched:wait, outputs: [second]}
outputs: [second]
"""
"""A workflow whose second node waits for the file `go`."""

RUNNING = r"The second step .*? running"


class Watched:
    """A `run --watch` whose stderr, and stdout where asked for, is a terminal."""

    def __init__(
        self,
        cli: CommandLine,
        *words: object,
        size: tuple[int, int] = (24, 100),
        both: bool = False,
    ) -> None:
        self._cli = cli
        self._terminal, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self._raw = b""
        self.process = subprocess.Popen(
            cli.command("run", *words, "--watch"),
            env=cli.environment({"TERM": "xterm", "LINES": str(size[0]), "COLUMNS": str(size[1])}),
            cwd=cli.directory,
            stdin=subprocess.DEVNULL,
            stdout=end if both else subprocess.PIPE,
            stderr=end,
        )
        os.close(end)

    @property
    def raw(self) -> str:
        """All that the terminal got."""
        return self._raw.decode(errors="replace")

    @property
    def text(self) -> str:
        """The same without control sequences."""
        return without_controls(self.raw)

    def wait_for(self, pattern: str) -> None:
        """Read until the terminal has shown something."""
        deadline = time.monotonic() + 60
        while not re.search(pattern, self.text):
            assert time.monotonic() < deadline, f"{pattern!r} never came:\n{self.text}"
            assert self._read(), f"{pattern!r} never came:\n{self.text}"

    def go(self) -> None:
        """Let the waiting node go on."""
        (self._cli.directory / "go").touch()

    def end(self) -> tuple[int, str]:
        """Wait for the end; returns the exit code and standard output, where that is a pipe."""
        while self._read():
            pass
        out, _ = self.process.communicate(timeout=60)
        return self.process.returncode, (out or b"").decode()

    def hang_up(self) -> None:
        """Close the terminal, as somebody does who closes its window."""
        if self._terminal >= 0:
            os.close(self._terminal)
            self._terminal = -1

    def kill(self) -> None:
        """Leave nothing behind."""
        self.process.kill()
        self.process.communicate()
        self.hang_up()

    def _read(self) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], 60)
        assert ready, f"nothing came for a minute:\n{self.text}"
        try:
            chunk = os.read(self._terminal, 65536)
        except OSError:  # what Linux gives once the other end is closed
            return False
        self._raw += chunk
        return bool(chunk)


@pytest.fixture
def watch(cli: CommandLine) -> Iterator[Callable[..., Watched]]:
    """Start `run --watch` on a terminal; what is left of it is killed."""
    started: list[Watched] = []
    cli.write(STEPS, "watched.py")

    def start(text: str, *words: object, **options: Any) -> Watched:
        started.append(Watched(cli, cli.write(text), *words, **options))
        return started[-1]

    yield start
    for each in started:
        each.kill()


def without_controls(text: str) -> str:
    """Return a text as it reads."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).replace("\r", "")


def calling(function: str) -> str:
    """Return the workflow with another function in its second node."""
    return PACED.replace("watched:wait", f"watched:{function}")


# -- on a terminal ---------------------------------------------------------------------------------


def test_a_terminal_shows_what_runs_and_keeps_the_whole_tree(watch, cli) -> None:
    run = watch(PACED)
    run.wait_for(RUNNING)
    shown = run.text
    run.go()
    code, out = run.end()

    assert re.search(r"The first step +node +\d+ \S+  ok", shown)
    assert re.search(r"paced +workflow +\d+ \S+  running", shown)
    assert (code, out) == (0, "2\n")
    assert run.text.endswith(cli("show", "last").out)


def test_how_long_a_step_has_been_running_is_drawn_again_and_again(watch) -> None:
    run = watch(PACED)
    run.wait_for(rf"(?s)(?:{RUNNING}.*?){{3}}")

    times = re.findall(r"The second step +node +(\d+ \S+|\d+\.\d\d s)  running", run.text)

    assert len(set(times)) >= 2


def test_json_output_is_json_alone_while_somebody_watches(watch) -> None:
    run = watch(PACED, "--output-format", "json")
    run.go()
    code, out = run.end()

    assert code == 0
    assert out.startswith("{")
    assert "The second step" in run.text


def test_lines_are_cropped_and_a_tall_tree_shows_its_end(watch) -> None:
    run = watch(calling("fan_out"), size=(8, 30))
    run.wait_for(r"branch 29 ")

    frames = map(without_controls, run.raw.split("\x1b[1mpaced"))
    lines = next(frame for frame in frames if "branch 29 " in frame).splitlines()

    assert len(lines) <= 7
    assert all(len(line) <= 30 for line in lines[1:])
    assert re.fullmatch(r"… \d+ lines more", lines[1])
    assert "branch 29 " in lines[-1]


def test_what_the_program_prints_stands_above_the_tree_and_is_whole(watch) -> None:
    run = watch(calling("speak"), both=True)
    run.wait_for(rf"(?s)the \[bold\] words of the program\n.*{RUNNING}")
    run.go()
    code, _ = run.end()

    assert code == 0
    assert re.search(r"its last words\n", run.text)
    assert run.text.endswith("recorded\n2\n")


def test_what_the_program_prints_stays_in_a_pipe(watch) -> None:
    run = watch(calling("speak"))
    run.wait_for(RUNNING)
    run.go()

    assert run.end() == (0, "the [bold] words of the program\nits last words2\n")
    assert "words" not in run.text


def test_a_forked_child_prints_as_if_nobody_watched(watch) -> None:
    run = watch(calling("fork"), both=True)
    code, _ = run.end()

    assert code == 0
    assert "words of a child" in run.text
    assert run.text.endswith("recorded\n0\n")


def test_ctrl_c_ends_the_run_as_ever_and_gives_the_terminal_back(watch, cli) -> None:
    run = watch(PACED)
    run.wait_for(RUNNING)
    run.process.send_signal(signal.SIGINT)
    code, out = run.end()

    assert (code, out) == (1, "")
    assert run.raw.rfind("\x1b[?25h") > run.raw.rfind("\x1b[?25l")
    assert re.search(r"The second step +node +\S+ \S+  cancelled", run.text)
    assert "Show the run with: agentglass show" in run.text
    assert "Traceback" not in run.text


def test_a_name_neither_steers_the_terminal_nor_tells_a_secret(watch) -> None:
    name = r"The second step \e[2J sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"
    run = watch(PACED.replace("title: The second step", f'title: "{name}"'))
    run.wait_for(RUNNING)
    run.go()
    run.end()

    assert "\x1b[2J" not in run.raw
    assert r"\x1b[2J" in run.text
    assert "abcdefghijklmnopqrstuvwxyz" not in run.text


def test_a_display_that_fails_says_so_once_and_the_run_goes_on(watch) -> None:
    run = watch(calling("break_display"))
    run.wait_for("shows nothing more")
    run.go()

    assert run.end() == (0, "2\n")
    assert run.text.endswith(r"--watch shows nothing more: ZeroDivisionError: no\x1b[2Jtree" + "\n")
    assert run.text.count("nothing more") == 1


def test_a_terminal_that_is_closed_does_not_end_the_run(watch) -> None:
    run = watch(PACED)
    run.wait_for(RUNNING)
    run.hang_up()
    run.go()
    out, _ = run.process.communicate(timeout=60)

    assert (run.process.returncode, out) == (0, b"2\n")


# -- in a pipe -------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["metrics", "trace"])
def test_a_pipe_gets_a_line_for_each_span_as_it_ends(cli: CommandLine, level: str) -> None:
    cli.write(STEPS, "watched.py")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = cli.command("run", cli.write(PACED), "--watch", "--level", level)
    env = cli.environment({"FORCE_COLOR": "1"})

    with subprocess.Popen(command, text=True, env=env, cwd=cli.directory, **pipes) as run:
        assert run.stderr is not None
        first = run.stderr.readline()
        (cli.directory / "go").touch()
        out, err = run.communicate(timeout=60)

    form = r"\d\d:\d\d:\d\d  [0-9a-f]{8}  ok +\d+ \S+  node +The first step\n"
    assert re.fullmatch(form, first)
    assert [line.split()[-1] for line in err.splitlines()] == ["step", "paced"]
    assert "\x1b" not in first + err
    assert (run.returncode, out) == (0, "2\n")


def test_a_run_too_short_to_be_looked_at_is_told_whole(cli: CommandLine) -> None:
    cli.write(STEPS, "watched.py")
    (cli.directory / "go").touch()

    output = cli("run", cli.write(PACED), "--watch")

    assert (output.code, output.out) == (0, "2\n")
    assert [line.split()[-1] for line in output.err.splitlines()] == ["step", "step", "paced"]


def test_a_reader_of_stderr_that_leaves_does_not_end_the_run(cli: CommandLine) -> None:
    cli.write(STEPS, "watched.py")
    (cli.directory / "go").touch()
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(
        cli.command("run", cli.write(PACED), "--watch"),
        env=cli.environment(),
        cwd=cli.directory,
        stdout=subprocess.PIPE,
        stderr=writer,
        timeout=60,
        check=False,
    )
    os.close(writer)

    assert (done.returncode, done.stdout) == (0, b"2\n")


# -- without a record ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "env"),
    [(["--level", "off"], {}), ([], {"AGENTGLASS_LEVEL": "off"})],
    ids=["option", "environment"],
)
def test_there_is_nothing_to_watch_at_the_level_off(
    cli: CommandLine, words: list[str], env: dict[str, str]
) -> None:
    cli.write(STEPS, "watched.py")

    output = cli("run", cli.write(PACED), "--watch", *words, env=env)

    assert (output.code, output.out) == (2, "")
    assert "at the level 'off' nothing is" in output.err
    assert "--level metrics" in output.err


def test_a_run_that_never_starts_shows_nothing(cli: CommandLine) -> None:
    cli.write(STEPS, "watched.py")

    output = cli("run", cli.write(PACED), "--watch", "-i", "nothing=1")

    assert (output.code, output.out) == (2, "")
    assert output.err.splitlines() == [output.err.strip()]
    assert "nothing" in output.err
