"""Terminals and pipes: progress where somebody watches, and no traceback where nobody reads."""

import os
import pty
import re
import subprocess

import pytest
from command_line import STORY, CommandLine

SLOW = """
schema_version: "1.0"
flow: {name: slow}
state: {fields: {seconds: {type: float, default: 2.0}}}
nodes:
  - id: sleep
    title: Wait for the kiln
    type: python
    callable: steps:sleep_async
    inputs: {seconds: "{seconds}"}
    outputs: [seconds]
"""


def on_a_terminal(cli: CommandLine, *arguments: object) -> tuple[str, str]:
    """Return standard output, which is a pipe, and what a terminal shows of standard error."""
    terminal, stderr = pty.openpty()
    process = subprocess.Popen(
        cli.command(*arguments),
        env=cli.environment({"TERM": "xterm", "COLUMNS": "80"}),
        cwd=cli.directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
    )
    os.close(stderr)
    seen = bytearray()
    try:
        while chunk := os.read(terminal, 4096):
            seen += chunk
    except OSError:  # what Linux gives once the other end is closed
        pass
    finally:
        os.close(terminal)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return out.decode(), seen.decode()


def test_long_work_shows_on_a_terminal_what_is_running(cli: CommandLine) -> None:
    out, err = on_a_terminal(cli, "run", cli.write(SLOW))

    assert out == "2.0\n"
    assert "running Wait for the kiln" in err


def test_short_work_shows_no_progress(cli: CommandLine) -> None:
    out, err = on_a_terminal(cli, "run", cli.write(SLOW), "-i", "seconds=0")

    assert out == "0.0\n"
    assert "running" not in err


@pytest.mark.parametrize(
    "words", [["show", "-v"], ["show", "--json"], ["runs"], ["doctor"], ["--help"]], ids=" ".join
)
def test_a_reader_that_leaves_early_causes_no_traceback(
    history: CommandLine, words: list[str]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(
        history.command(*words),
        env=history.environment(),
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(writer)

    assert done.stderr == b""


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A home with one run, whose texts are not ASCII."""
    cli = CommandLine(tmp_path_factory.mktemp("ascii"))
    assert cli("run", cli.write(STORY), "-i", "topic=größe ✓").code == 0
    return cli


@pytest.mark.parametrize("words", [["show", "-v"], ["show", "--json"], ["runs"]], ids=" ".join)
def test_a_terminal_without_unicode_gets_what_it_can_show(
    history: CommandLine, words: list[str]
) -> None:
    output = history(*words, env={"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"})

    assert (output.code, output.err) == (0, "")
    assert output.out.isascii()


def test_a_result_is_printed_without_unicode_too(history: CommandLine) -> None:
    output = history(
        *("run", history.directory / "workflow.yaml", "-i", "topic=größe"),
        env={"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "AGENTGLASS_LEVEL": "off"},
    )

    assert (output.code, output.err) == (0, "")
    assert output.out == "gr\\xf6\\xdfe: Sand and fire.\n"


def test_what_a_node_says_cannot_steer_the_terminal(cli: CommandLine) -> None:
    cli("run", cli.write(STORY), "-i", "topic=\x1b[2Jglass\x07")

    output = cli("show", "-v")

    assert "\x1b" not in output.out
    assert "\\x1b[2Jglass" in output.out


def test_colour_is_for_terminals(history: CommandLine) -> None:
    assert not re.search(r"\x1b\[", history("show").out)
