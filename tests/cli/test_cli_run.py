"""`agentglass run`: what it prints, what it exits with, and what it refuses."""

import signal
import subprocess
import time
from collections.abc import Callable

import pytest
from command_line import FAILING, FAILING_LATE, STORY, CommandLine, Output

SLOW = """
schema_version: "1.0"
flow: {name: slow}
state: {fields: {seconds: {type: float, default: 30.0}}}
nodes:
  - id: sleep
    type: python
    callable: steps:sleep_async
    inputs: {seconds: "{seconds}"}
    outputs: [seconds]
config: {execution: {timeout: 0.3}}
"""


@pytest.fixture(scope="module")
def told(make_cli: Callable[[], CommandLine]) -> tuple[CommandLine, Output]:
    """A run without flags."""
    cli = make_cli()
    return cli, cli("run", cli.write(STORY), "-i", "topic=glass")


def test_without_flags_the_output_is_the_result_and_nothing_else(
    told: tuple[CommandLine, Output],
) -> None:
    """P-S1, P-M1: clean output by default."""
    _, output = told

    assert (output.code, output.out, output.err) == (0, "glass: Sand and fire.\n", "")


def test_text_output_holds_no_metrics_and_writes_no_file(told: tuple[CommandLine, Output]) -> None:
    """P-C01: figures are asked for; without that nothing collects them for the output."""
    cli, output = told

    assert not any(word in output.out for word in ("duration", "cost", "tokens"))
    assert cli.debug_files() == []


def test_progress_is_not_shown_where_stderr_is_no_terminal(cli: CommandLine) -> None:
    slow_enough = SLOW.replace("30.0", "1.0").replace("0.3", "30")

    output = cli("run", cli.write(slow_enough))

    assert (output.code, output.out, output.err) == (0, "1.0\n", "")


def test_a_result_that_is_not_text_is_printed_as_json(cli: CommandLine) -> None:
    several = STORY.replace("outputs: [story]\n", "outputs: [facts, story]\n")

    output = cli("run", cli.write(several), "-i", "topic=glass")

    assert output.json == {
        "facts": ["glass is old", "glass is new"],
        "story": "glass: Sand and fire.",
    }


def test_a_failing_node_is_named_on_stderr_with_the_way_to_its_run(cli: CommandLine) -> None:
    output = cli("run", cli.write(FAILING), "-i", "topic=glass")
    (run,) = cli("runs", "--json").json

    assert (output.code, output.out) == (1, "")
    assert output.err == (
        "Node 'collect' failed: ValueError: no facts about glass\n"
        f"Show the run with: agentglass show {run['run_id'][:8]}\n"
    )


def test_a_run_that_takes_too_long_ends_as_timed_out(cli: CommandLine) -> None:
    output = cli("run", cli.write(SLOW), "--output-format", "json")
    (run,) = cli("runs", "--json").json

    assert output.code == 1
    assert output.json["is_error"] is True
    assert "ran longer than 0.3 s" in output.json["error"]
    assert output.json["failed_node"] == "sleep"
    assert (run["status"], run["is_error"]) == ("timed_out", True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-i", "topic"], "--input is 'topic'. Expected KEY=VALUE"),
        (["-i", "=glass"], "--input is '=glass'. Expected KEY=VALUE"),
        (["-i", "topik=glass"], "There is no input 'topik'. Did you mean 'topic'?"),
        ([], "The input 'topic' (str) is missing"),
        (["-i", "topic=glass", "--level", "metric"], "Unknown level 'metric'."),
        (["-i", "topic=glass", "--trace", "--level", "metrics"], "--trace needs the level 'trace'"),
        (["-i", "topic=glass", "--tag", "nightly"], "--tag is 'nightly'. Expected KEY=VALUE"),
        (["-i", "topic=glass", "--model", "scripted"], "is not of the form provider/model"),
        (["-i", "topic=glass", "--model", "fke/x"], "Unknown provider 'fke'. Did you mean 'fake'?"),
        (["--flag"], "No such option"),
        (["--output-format", "xml"], "'xml' is not one of"),
    ],
)
def test_wrong_usage_is_told_and_nothing_is_run(
    cli: CommandLine, arguments: list[str], message: str
) -> None:
    output = cli("run", cli.write(STORY), *arguments)

    assert output.code == 2
    assert output.out == ""
    assert message in output.err
    assert "Traceback" not in output.err
    assert not (cli.home / "traces.db").exists()


def test_a_wrong_type_and_an_unknown_input_are_told_together(cli: CommandLine) -> None:
    output = cli("run", cli.write(SLOW), "-i", "seconds=long", "-i", "second=1")

    assert output.code == 2
    assert "The input 'seconds' is 'long': expected float." in output.err
    assert "There is no input 'second'. Did you mean 'seconds'?" in output.err


@pytest.mark.parametrize("level", ["off", "metrics", "trace"])
def test_the_level_decides_what_is_kept(cli: CommandLine, level: str) -> None:
    """P-M1, P-C01, P-D3: nothing at all, the figures, or everything."""
    output = cli(
        "run", cli.write(STORY), "-i", "topic=glass", "--level", level, "--output-format", "json"
    )
    runs = cli("runs", "--json").json

    assert output.json["result"] == "glass: Sand and fire."
    assert output.json["level"] == level
    assert output.json["metrics"]["total"]["tokens_total"] == 17
    if level == "off":
        assert runs == []
        assert output.json["run_id"] is None
        assert not (cli.home / "traces.db").exists()
        return
    shown = cli("show", "last", "--json").json
    contents = [span["input"] for span in shown["spans"]]
    assert (contents[0] is None) == (level == "metrics")
    assert {span["usage"]["input_tokens"] for span in shown["spans"] if span["usage"]} == {12}


def test_the_flag_wins_over_the_environment_and_that_over_the_file(cli: CommandLine) -> None:
    quiet = STORY.replace("config:\n", "config:\n  observability: {level: 'off'}\n")
    command = ("run", cli.write(quiet), "-i", "topic=glass", "--output-format", "json")

    by_file = cli(*command)
    by_environment = cli(*command, env={"AGENTGLASS_LEVEL": "metrics"})
    by_flag = cli(*command, "--level", "trace", env={"AGENTGLASS_LEVEL": "metrics"})

    levels = [output.json["level"] for output in (by_file, by_environment, by_flag)]
    assert levels == ["off", "metrics", "trace"]


def test_another_model_can_be_taken_for_all_nodes(cli: CommandLine) -> None:
    output = cli(
        "run",
        cli.write(STORY),
        *("-i", "topic=glass", "--model", "local/extractive", "--output-format", "json"),
    )

    assert output.json["metrics"]["workflow"]["models_used"] == ["local/extractive"]
    assert output.json["total_cost_usd"] == 0.0


def test_a_later_node_is_not_run_after_one_that_failed(cli: CommandLine) -> None:
    output = cli("run", cli.write(FAILING_LATE), "-i", "topic=glass", "--output-format", "json")

    steps = [(step["node_id"], step["status"]) for step in output.json["execution"]["steps"]]
    assert steps == [("collect", "ok"), ("write", "ok"), ("check", "error")]
    assert output.json["failed_node"] == "check"


def test_the_version_is_that_of_the_package(cli: CommandLine) -> None:
    output = cli("--version")

    assert output.code == 0
    assert output.out.strip() == cli("doctor", "--json").json["installed"]["agentglass"]


def test_a_run_that_is_interrupted_from_the_keyboard_is_recorded_as_cancelled(
    cli: CommandLine,
) -> None:
    process = subprocess.Popen(
        cli.command("run", cli.write(SLOW.replace("0.3", "60"))),
        env=cli.environment(),
        cwd=cli.directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_for(lambda: bool(cli("runs", "--json").json))

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    (run,) = cli("runs", "--json").json
    assert (process.returncode, out) == (1, b"")
    assert b"Traceback" not in err
    assert (run["status"], run["is_error"]) == ("cancelled", True)


def wait_for(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    for _ in range(100):
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError("it did not become so")
