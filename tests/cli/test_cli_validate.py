"""`agentglass validate`: everything that is wrong with a file, where it is, and nothing run."""

import pytest
from command_line import STORY, CommandLine

BROKEN = """\
schema_version: "1.0"
flow: {name: broken}
state:
  fields:
    topic: strr
    text: str
nodes:
  - id: write
    type: llm
    prompt: "About {topc}"
    output: [text]
  - id: lost
    type: sett
"""


def test_a_good_file_is_said_to_be_valid(cli: CommandLine) -> None:
    file = cli.write(STORY)

    output = cli("validate", file)

    assert (output.code, output.out, output.err) == (0, f"{file}: valid\n", "")


def test_every_problem_is_told_with_its_place(cli: CommandLine) -> None:
    file = cli.write(BROKEN)

    output = cli("validate", file)

    lines = output.err.splitlines()
    assert (output.code, output.out) == (2, "")
    assert all(line.startswith(f"{file}:") for line in lines)
    places = {line.removeprefix(f"{file}:").partition(": ")[0]: line for line in lines}
    assert "'strr'" in places["5:12"]
    assert "Did you mean 'str'?" in places["5:12"]
    assert "Did you mean 'outputs'?" in places["11:5"]
    assert "Did you mean 'set'?" in places["13:11"]


def test_the_problems_can_be_had_as_json(cli: CommandLine) -> None:
    file = cli.write(BROKEN)

    output = cli("validate", file, "--json")

    assert (output.code, output.err) == (2, "")
    assert output.json["valid"] is False
    assert output.json["file"] == str(file)
    found = {(problem["line"], problem["column"]) for problem in output.json["problems"]}
    assert {(5, 12), (11, 5), (13, 11)} <= found
    assert all(problem["code"] and problem["message"] for problem in output.json["problems"])


def test_run_refuses_the_file_in_the_same_words(cli: CommandLine) -> None:
    file = cli.write(BROKEN)

    assert cli("run", file).err == cli("validate", file).err


def test_a_good_file_is_valid_as_json_too(cli: CommandLine) -> None:
    file = cli.write(STORY)

    assert cli("validate", file, "--json").json == {
        "file": str(file),
        "valid": True,
        "problems": [],
    }


def test_a_file_is_checked_with_another_model(cli: CommandLine) -> None:
    output = cli("validate", cli.write(STORY), "--model", "locl/extractive")

    assert output.code == 2
    assert "Did you mean 'local'?" in output.err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "There is no such file"),
        (b"nodes: [", "not valid YAML"),
        (b"", "holds nothing"),
        (b"\xff\xfe\x00", "UTF-"),
        (b"a: &x [*x, *x]", ""),
        (b"just text", ""),
    ],
    ids=["missing", "yaml", "empty", "binary", "circle", "text"],
)
def test_a_file_that_is_no_workflow_at_all_is_a_line_and_no_traceback(
    cli: CommandLine, content: bytes | None, message: str
) -> None:
    file = cli.directory / "file.yaml"
    if content is not None:
        file.write_bytes(content)

    output = cli("validate", file)

    assert (output.code, output.out) == (2, "")
    assert output.err.startswith(str(file))
    assert message in output.err
    assert "Traceback" not in output.err


def test_a_directory_is_no_workflow(cli: CommandLine) -> None:
    output = cli("validate", cli.directory)

    assert output.code == 2
    assert "Traceback" not in output.err
