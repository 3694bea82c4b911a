"""Values that no store likes, and values that no store may hold."""

from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import CommandLine, Output

ODD = """
def odd():
    return [{
        "nan": float("nan"),
        "infinity": float("inf"),
        "lone": "a\\ud800b",
        "nul": "a\\0b",
        "object": object(),
        "function": lambda: 1,
        "set": {1, 2},
        "bytes": b"xyz",
        ("tuple",): 1,
    }]


def large():
    text = "glass " * 1_000_000
    return [{"text": text, "rows": [{"n": n, "text": "x" * 1000} for n in range(50_000)]}]
"""

MAKE = """
schema_version: "1.0"
flow: {name: make}
state: {fields: {things: list, is_done: bool}}
nodes:
  - {id: make, type: python, callable: "odd:MAKER", outputs: [things]}
  - {id: end, type: set, values: {is_done: true}}
outputs: [is_done]
"""

SECRET = "hunter2-" + "correct-horse"
TOKEN = "sk-" + "proj-" + "Zx81" * 10

SECRETIVE = """
schema_version: "1.0"
flow: {name: secretive}
state:
  fields:
    api_key: {type: str, required: true}
    header: {type: str, required: true}
    answer: str
    login: object
nodes:
  - id: log_in
    type: python
    callable: secretive:log_in
    inputs: {password: "{api_key}", header: "{header}"}
    outputs: [login]
  - id: ask
    type: llm
    prompt: "Use the header {header}"
    outputs: [answer]
  - id: fail
    type: python
    callable: secretive:fail
    inputs: {token: "{api_key}", header: "{header}"}
    outputs: [answer]
config: {llm: {provider: fake, model: scripted}}
"""

LOG_IN = """
def log_in(password, header):
    return {"password": password, "headers": {"Authorization": header}}


def fail(token, header):
    raise PermissionError(f"403 for {header}")
"""


def make(cli: CommandLine, maker: str, *options: str) -> Output:
    """Run a workflow whose first node returns what `maker` makes."""
    cli.write(ODD, "odd.py")
    return cli("run", cli.write(MAKE.replace("MAKER", maker)), *options)


def test_values_that_json_does_not_know_are_recorded_as_what_they_are(cli: CommandLine) -> None:
    output = make(cli, "odd", "--trace")

    assert (output.code, output.out) == (0, "true\n")
    spans = {span["name"]: span for span in cli("show", "--json").json["spans"]}
    things = spans["make"]["output"]["things"][0]
    assert (things["nan"], things["infinity"]) == ("NaN", "Infinity")
    assert (things["lone"], things["nul"]) == ("a\ufffdb", "a\0b")
    assert things["object"].startswith("<object object at ")
    assert "<lambda>" in things["function"]
    assert (things["set"], things["bytes"]) == ([1, 2], "<binary data: 3 bytes>")
    assert things["('tuple',)"] == 1
    assert cli.last_debug_file()["nodes"][0]["shared_after"]["things"] == [things]
    assert cli("show", "-v").out.endswith("complete: all 3 spans are recorded\n")


def test_a_state_of_50_megabytes_is_cut_and_said_to_be(cli: CommandLine) -> None:
    output = make(cli, "large", "--trace")

    shown = cli("show")
    spans = {span["name"]: span for span in cli("show", "--json").json["spans"]}
    marks = spans["make"]["attributes"]["agentglass.truncated"]
    assert (output.code, output.out) == (0, "true\n")
    assert [line.endswith("truncated") for line in shown.out.splitlines() if " node " in line] == [
        True,
        True,
    ]
    assert 6_000_000 in [mark["original_length"] for mark in marks.values()]
    assert sum(file.stat().st_size for file in cli.home.rglob("*.*")) < 20 * 2**20


@pytest.fixture(scope="module")
def secretive(make_cli: Callable[[], CommandLine]) -> tuple[CommandLine, list[Output]]:
    """Two runs that are given secrets, use them, and fail with one in the message."""
    cli = make_cli()
    cli.write(LOG_IN, "secretive.py")
    command = (
        *("run", cli.write(SECRETIVE), "-i", f"api_key={SECRET}"),
        *("-i", f"header=Bearer {TOKEN}", "--trace"),
    )
    runs = [cli(*command), cli(*command, "--output-format", "json")]
    return cli, [*runs, cli("show", "-v"), cli("show", "--json"), cli("runs", "--json")]


def test_a_secret_is_in_no_file(secretive: tuple[CommandLine, list[Output]]) -> None:
    cli, _ = secretive

    files = [path for path in cli.home.rglob("*") if path.is_file()]
    assert len(cli.debug_files()) == 2
    assert [str(path) for path in files if holds_secret(path)] == []


def holds_secret(path: Path) -> bool:
    content = path.read_bytes()
    return SECRET.encode() in content or TOKEN.encode() in content


def test_a_secret_is_not_shown(secretive: tuple[CommandLine, list[Output]]) -> None:
    _, outputs = secretive
    run, as_json, *shown = outputs

    for text in (run.err, as_json.err, *(output.out for output in shown)):
        assert SECRET not in text
        assert TOKEN not in text


def test_what_was_hidden_leaves_the_rest_to_read(
    secretive: tuple[CommandLine, list[Output]],
) -> None:
    _, outputs = secretive
    run, _, verbose, *_ = outputs

    assert run.code == 1
    assert "Node 'fail' failed: PermissionError: 403 for " in run.err
    assert verbose.out.count("[REDACTED]") > 3


def test_personal_data_is_hidden_where_the_file_asks_for_it(cli: CommandLine) -> None:
    file = cli.write(
        """
        schema_version: "1.0"
        flow: {name: mail}
        state: {fields: {note: {type: str, required: true}}}
        nodes: [{id: keep, type: set, values: {note: "{note}!"}}]
        config: {observability: {redact_pii: true}}
        """
    )

    output = cli(
        *("run", file, "-i", "note=write to ada@example.org", "--trace", "--output-format", "json")
    )

    files = [path for path in cli.home.rglob("*") if path.is_file()]
    assert output.json["result"] == "write to ada@example.org!"
    assert len(files) >= 2
    assert [path for path in files if b"ada@example.org" in path.read_bytes()] == []
