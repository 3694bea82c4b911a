"""`agentglass export`, `import` and `show FILE`: runs as files, through the real command line."""

import json
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import FAILING_LATE, STORY, CommandLine, Output

from agentglass.steps import read_run

STEP = {
    "step_id": "1",
    "step_type": "tool_call",
    "timestamp": "2026-11-21T09:00:01Z",
    "tool_name": "add",
    "arguments": {},
    "result": 3,
}
RUN = {
    "run_id": "0b1c2d3e-4f50-4162-8374-95a6b7c8d9e0",
    "started_at": "2026-11-21T09:00:00Z",
    "ended_at": "2026-11-21T09:00:02Z",
    "agent_info": {"name": "librarian"},
    "steps": [STEP],
}


@pytest.fixture(scope="module")
def history(make_cli: Callable[[], CommandLine]) -> CommandLine:
    """A home with a story and, before it, a run that failed; both written as files too."""
    cli = make_cli()
    assert cli("run", cli.write(FAILING_LATE, "late.yaml"), "-i", "topic=sand").code == 1
    assert cli("export", "last", "-o", "failed.json").code == 0
    assert cli("run", cli.write(STORY), "-i", "topic=glass").code == 0
    assert cli("export", "last", "-o", "story.json", "--indent", 2).code == 0
    assert cli("export", "--format", "jsonl", "--output", "story.jsonl").code == 0
    return cli


def record(cli: CommandLine, content: Any = RUN, name: str = "run.json") -> Path:
    return cli.write(content if isinstance(content, str) else json.dumps(content), name)


def piped(cli: CommandLine, content: bytes, *arguments: str) -> Output:
    done = subprocess.run(
        cli.command(*arguments),
        env=cli.environment(),
        cwd=cli.directory,
        input=content,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return Output(done.returncode, done.stdout.decode(), done.stderr.decode())


# -- export ------------------------------------------------------------------------------------


def test_a_run_is_printed_as_the_list_of_its_steps(history: CommandLine) -> None:
    output = history("export")

    assert (output.code, output.err) == (0, "")
    assert [step["step_type"] for step in output.json["steps"]] == [
        "user_input",
        "state_change",
        "state_change",
        "llm_call",
        "state_change",
        "final_output",
    ]
    assert output.json == json.loads((history.directory / "story.json").read_text())


def test_a_file_is_for_its_owner_and_is_not_overwritten_unasked(history: CommandLine) -> None:
    path = history.directory / "story.json"
    before = path.read_bytes()

    refused = history("export", "last", "-o", "story.json")

    assert (refused.code, refused.out) == (2, "")
    assert refused.err == "'story.json' is there already. Add --force to replace it.\n"
    assert path.read_bytes() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert history("export", "last", "-o", "story.json", "--indent", 2, "--force").code == 0
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (".", "'.' is a directory. Name the file to write in it.\n"),
        ("nowhere/x", "'nowhere/x' cannot be written: No such file or directory.\n"),
    ],
)
def test_a_place_that_cannot_be_written_is_told(
    history: CommandLine, target: str, said: str
) -> None:
    output = history("export", "last", "-o", target)

    assert (output.code, output.out, output.err) == (2, "", said)


def test_a_run_that_is_not_there_is_told(cli: CommandLine) -> None:
    output = cli("export")

    assert (output.code, output.out) == (2, "")
    assert output.err.startswith("There are no runs yet.")


# -- import ------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["story.json", "story.jsonl", "failed.json"])
def test_an_exported_run_is_the_same_in_another_home(
    history: CommandLine, cli: CommandLine, file: str
) -> None:
    """Everything that `show --json` knows of it: row, sums, spans, completeness."""
    path = history.directory / file
    run_id = read_run(path).run_id

    imported = cli("import", path)

    count = len(read_run(path).steps)
    assert (imported.code, imported.err) == (0, "")
    assert imported.out == f"{path}: run {run_id}, {count} steps\n"
    assert cli("show", "--json").json == history("show", run_id, "--json").json


def test_the_same_file_again_changes_nothing(history: CommandLine) -> None:
    before = history("show", "--json").json, len(history("runs", "--json").json)

    assert history("import", "story.json", "story.jsonl").code == 0

    assert (history("show", "--json").json, len(history("runs", "--json").json)) == before


def test_a_run_comes_through_a_pipe_too(history: CommandLine, cli: CommandLine) -> None:
    content = (history.directory / "story.jsonl").read_bytes()

    output = piped(cli, content, "import", "-", "--json")

    (run,) = output.json["runs"]
    assert (run["file"], run["steps"]) == ("standard input", 6)
    assert cli("show", "--json").json == history("show", run["run_id"], "--json").json


def test_an_unknown_step_type_is_one_line_of_warning(cli: CommandLine) -> None:
    thoughts = [{**STEP, "step_id": str(n), "step_type": "thought"} for n in range(3)]

    output = cli("import", record(cli, {**RUN, "steps": thoughts}))

    assert output.code == 0
    assert output.out.endswith("run 0b1c2d3e-4f50-4162-8374-95a6b7c8d9e0, 3 steps\n")
    assert output.err == (
        "Warning: Steps of unknown types are kept and not understood: 'thought'. They are of a"
        " later version, or misspelled.\n"
    )


BAD = {
    "empty": ("", "breaks off at its beginning"),
    "binary": ("\x00\x01\x02", "found '\\x00' where '{' is expected"),
    "cut": (json.dumps(RUN)[:-30], "breaks off at step 1"),
    "wrong type": ({**RUN, "steps": [{**STEP, "tool_name": 7}]}, "step 1 '1', `tool_name`"),
    "twice": ({**RUN, "steps": [STEP, STEP]}, "step 2, `step_id`: '1' is there twice"),
    "orphan": (
        {**RUN, "steps": [{**STEP, "parent_step_id": "7"}]},
        "step 1 '1', `parent_step_id`: there is no step '7'",
    ),
    "later version": ({**RUN, "format_version": "2.0"}, "`format_version`: '2.0' is not a version"),
    "deep": (json.dumps(RUN).replace("3}", "[" * 10**6), "step 1: it is nested too deeply"),
    "huge number": (json.dumps(RUN).replace("3}", "9" * 9999 + "}"), "too many digits"),
    "half a character": (json.dumps(RUN).replace("add", "\\ud800"), "Invalid JSON"),
    "ended before": ({**RUN, "ended_at": "2020-01-01"}, "`ended_at` 2020-01-01"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_named_and_nothing_is_imported(cli: CommandLine, name: str) -> None:
    """Nor are the good files beside it."""
    content, said = BAD[name]
    good, bad = record(cli, name="good.json"), record(cli, content, "bad.json")

    output = cli("import", good, bad)

    assert (output.code, output.out) == (2, "")
    assert output.err.startswith(f"{bad}: ")
    assert said in output.err
    assert len(output.err.splitlines()) == 1
    assert cli("runs", "--json").json == []


def test_a_number_that_json_does_not_have_is_kept_as_text(cli: CommandLine) -> None:
    file = record(cli, json.dumps(RUN).replace('"result": 3', '"result": [NaN, -Infinity, 1e999]'))

    assert cli("import", file).code == 0

    assert cli("show", "--json").json["spans"][1]["output"] == ["NaN", "-Infinity", "Infinity"]


@pytest.mark.parametrize("verb", ["import", "show"])
def test_a_file_that_cannot_be_read_is_told(cli: CommandLine, verb: str) -> None:
    missing, directory = cli(verb, "./no.json"), cli(verb, cli.directory)

    assert (missing.code, directory.code) == (2, 2)
    assert missing.err == "'./no.json' cannot be read: No such file or directory.\n"
    assert directory.err == f"{str(cli.directory)!r} cannot be read: Is a directory.\n"


# -- show FILE ---------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [(), ("-v",), ("--json",)])
def test_a_file_is_shown_like_the_run_of_the_store(
    history: CommandLine, options: tuple[str, ...]
) -> None:
    for ref, file in (("last", "story.json"), ("last", "./story.jsonl")):
        assert history("show", file, *options).out == history("show", ref, *options).out


def test_showing_a_file_needs_and_makes_no_store(history: CommandLine, cli: CommandLine) -> None:
    output = cli("show", history.directory / "failed.json", "-v")

    assert (output.code, output.err) == (0, "")
    assert "ValueError: no facts about sand" in output.out
    assert not cli.home.exists()


def test_a_file_that_is_no_run_is_told_when_it_is_shown(cli: CommandLine) -> None:
    output = cli("show", record(cli, {**RUN, "run_id": 7}))

    assert (output.code, output.out) == (2, "")
    assert output.err.endswith("run.json: This is not a trace run: `run_id`: Input should be a valid"
                               " string.\n")  # fmt: skip
