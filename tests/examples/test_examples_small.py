"""The small examples, run as their comments say, through the real command line."""

import json
from pathlib import Path

import pytest

from shell import Shell

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted(EXAMPLES.rglob("*.yaml"))

RESULTS = {
    "agent": "These are 54.00 USD.",
    "branches": {
        "topic": "billing",
        "reply": "We look at the invoice: My invoice is wrong.",
        "flags": [],
    },
    "loop": "Glass is made of sand",
    "map": ["Glass is made of sand.", "It reaches 1 500 degrees."],
    "parallel": "12 words, the longest is temperature; Sand melts at a high temperature.",
    "parts": {
        "written": [
            {"section": "## Glass\nGlass is made of sand."},
            {"section": "## Kilns\nA kiln is an oven for glass."},
        ],
        "first": "## Glass\nGlass is made of sand.",
    },
    "robust": {"rate": 1.08, "sent": "sent order-1"},
    "search": "A kiln that is opened too early cracks what is in it.",
    "section": "## Sand\nIt is fine.",
    "team": {
        "answer": "The stuck thermostat lets the kiln draw 9 kW at night.",
        "specialists": ["energy", "diagnostic"],
    },
}
"""What each gives without inputs; `approval` and `digest` have tests of their own."""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A command line with an empty home."""
    return Shell(tmp_path, tmp_path / "home")


def test_no_example_is_forgotten() -> None:
    assert {path.stem for path in FILES} == {*RESULTS, "approval", "digest"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_is_valid_and_says_how_it_is_run(shell: Shell, path: Path) -> None:
    validated = shell("validate", path)

    assert (validated.returncode, validated.stderr) == (0, "")
    lines = path.read_text(encoding="utf-8").splitlines()
    name = path.relative_to(EXAMPLES.parent)
    assert lines[0].startswith("# ")
    assert lines[2].startswith(f"#   agentglass run {name}")


@pytest.mark.parametrize("name", sorted(RESULTS))
def test_an_example_gives_what_it_promises(shell: Shell, name: str) -> None:
    (path,) = [path for path in FILES if path.stem == name]

    run = (
        shell("run", path, "-i", f"folder={shell.directory}")
        if name == "robust"
        else shell("run", path)
    )

    assert (run.returncode, run.stderr) == (0, "")
    expected = RESULTS[name]
    assert (
        run.stdout.rstrip("\n") if isinstance(expected, str) else json.loads(run.stdout)
    ) == expected
    assert shell.trace().completeness.is_complete


def test_the_gate_of_the_approval_opens_when_somebody_says_yes(shell: Shell) -> None:
    asked = shell("run", EXAMPLES / "approval.yaml", "-i", "text=Hello.")
    answered = shell("approve", "last")

    assert (asked.returncode, asked.stdout) == (3, "")
    assert (answered.returncode, answered.stdout) == (0, "published: Hello.\n")


def test_an_order_is_sent_once_and_the_second_run_says_so(shell: Shell) -> None:
    path = EXAMPLES / "robust.yaml"
    inputs = ("-i", "order=7", "-i", f"folder={shell.directory}")

    first, second = shell("run", path, *inputs), shell("run", path, *inputs)

    assert json.loads(first.stdout) == json.loads(second.stdout) == {"rate": 1.08, "sent": "sent 7"}
    assert (shell.directory / "agentglass-example-outbox.txt").read_text() == "7\n"
    assert "cached" in shell("show", "last").stdout
