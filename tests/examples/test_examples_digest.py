"""examples/digest.yaml, run as a user runs it: through the real command line, on real files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from shell import Shell

ROOT = Path(__file__).parents[2]
DIGEST = ROOT / "examples" / "digest.yaml"

NOTES = {
    "glass.md": "# Glass\n\nGlass is made of sand. Sand melts at a high temperature.\n",
    "kiln.txt": "A kiln is an oven for glass. It reaches 1 500 degrees.\n",
    "picture.png": "not read, by its name",
}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A directory with notes in it."""
    notes = tmp_path / "notes"
    notes.mkdir()
    for name, text in NOTES.items():
        (notes / name).write_text(text, encoding="utf-8")
    return Shell(tmp_path, tmp_path / "home")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What `make demo` runs, on the repository's own texts; the result and the record."""
    shell = Shell(ROOT, tmp_path_factory.mktemp("home"))
    run = shell("run", DIGEST)
    assert (run.returncode, run.stderr) == (0, "")
    verbose = shell("show", "last", "-v")
    return {
        "report": run.stdout,
        "shown": shell("show", "last").stdout,
        "verbose": verbose.stdout,
        "record": json.loads(shell("show", "last", "--json").stdout),
    }


def test_the_report_has_a_title_a_table_and_the_digest(demo: Mapping[str, Any]) -> None:
    report = demo["report"]

    assert report.startswith("# Digest\n")
    assert "| File " in report
    assert "\n| README.md " in report
    assert "\n| docs/architecture.md " in report
    assert "\n| Total " in report
    points = report.partition("## Key points\n\n")[2].strip().splitlines()
    assert 3 <= len(points) <= 6
    assert all(point.startswith("- ") for point in points)


def test_the_digest_is_made_of_sentences_of_the_texts(demo: Mapping[str, Any]) -> None:
    files = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    texts = " ".join(" ".join(file.read_text(encoding="utf-8").split()) for file in files)

    points = demo["report"].partition("## Key points\n\n")[2].strip().splitlines()

    assert [point for point in points if point.removeprefix("- ") not in texts] == []


def test_the_trace_shows_every_step_by_its_title(demo: Mapping[str, Any]) -> None:
    """A-US1: a span for each node, under the workflow's."""
    titles = ["Read the files", "Measure them", "Digest them", "Write the report"]

    places = [demo["shown"].index(f"─ {title}") for title in titles]

    assert places == sorted(places)
    assert "chat extractive" in demo["shown"]
    assert demo["shown"].endswith("complete: all 6 spans are recorded\n")


def test_a_node_says_how_much_it_measured(demo: Mapping[str, Any]) -> None:
    """T3907: entity count, time range and data size are attributes of the span."""
    (measure,) = [span for span in demo["record"]["spans"] if span["name"] == "Measure them"]
    totals = measure["output"]["totals"]

    assert measure["attributes"]["entity_count"] == totals["files"] > 1
    assert measure["attributes"]["data_size_bytes"] == totals["size_bytes"] > 1000
    assert measure["attributes"]["time_range"] == totals["changed"]
    assert 'set {"entity_count": ' in demo["verbose"]


def test_the_model_says_what_it_is_and_what_it_used(demo: Mapping[str, Any]) -> None:
    (call,) = [span for span in demo["record"]["spans"] if span["type"] == "llm"]

    assert call["usage"]["input_tokens"] > call["usage"]["output_tokens"] > 0
    assert call["cost_usd"] == 0.0
    assert "no language model" in json.dumps(call["usage"]["raw"])


def test_a_directory_stands_for_its_text_files(shell: Shell) -> None:
    run = shell("run", DIGEST, "-i", 'paths=["notes"]', "-i", "points=2")

    table = [line for line in run.stdout.splitlines() if line.startswith("|")]
    assert run.returncode == 0
    assert [line.split("|")[1].strip() for line in table[2:]] == [
        "notes/glass.md",
        "notes/kiln.txt",
        "Total",
    ]
    assert "\n25 words in 2 files, about 1 minute to read" in run.stdout
    assert run.stdout.rpartition("## Key points\n\n")[2].count("\n- ") == 1


def test_a_file_that_is_named_twice_is_read_once(shell: Shell) -> None:
    run = shell("run", DIGEST, "-i", 'paths=["notes/kiln.txt", "notes/kiln.txt"]')

    assert "\n12 words in 1 file, about 1 minute to read" in run.stdout
    assert "Total" not in run.stdout


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (["lost.md"], "FileNotFoundError: There is no file 'lost.md' in "),
        (["home"], "FileNotFoundError: The directory 'home' has no text files. Expected: .md or"),
        (["binary"], "ValueError: 'binary' is not text: byte 5 is not UTF-8."),
        (["nul"], "ValueError: 'nul' is not text: it has NUL characters."),
        ([], "ValueError: There is nothing to read: `paths` is empty."),
    ],
    ids=["missing", "no texts", "binary", "nul", "nothing"],
)
def test_what_cannot_be_read_is_a_clear_error_and_a_recorded_run(
    shell: Shell, paths: list[str], message: str
) -> None:
    shell.home.mkdir()
    (shell.directory / "binary").write_bytes(b"text \xff\xfe")
    (shell.directory / "nul").write_bytes(b"text \0")

    run = shell("run", DIGEST, "-i", f"paths={json.dumps(paths)}")

    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith(f"Node 'read' failed: {message}")
    assert "Traceback" not in run.stderr
    assert "Show the run with: agentglass show " in run.stderr


def test_the_example_is_a_valid_file(shell: Shell) -> None:
    assert shell("validate", DIGEST).stdout == f"{DIGEST}: valid\n"
