"""Nobody waits for a library that is not used: what each way in loads."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = "examples/digest.yaml"

COMMAND_LINE = {"typer", "rich", "pydantic"}  # typer 0.29 imports pydantic when a command runs.
FILE = COMMAND_LINE | {"yaml"}
GRAPH = FILE | {"langgraph", "langchain_core"}
# LangGraph itself loads these, the last one where it is installed.
GRAPH |= {"langsmith", "requests", "httpx", "httpx2", "opentelemetry"}

VERBS = {
    "--help": COMMAND_LINE,
    f"validate {EXAMPLE}": FILE,
    f"run {EXAMPLE}": GRAPH,
    "runs": COMMAND_LINE,
    "show last": COMMAND_LINE,
    "doctor": COMMAND_LINE,
}
WATCHED = GRAPH | {"openai", "fastapi", "mlflow", "streamlit", "jinja2", "genai_prices", "numpy"}


def test_importing_agentglass_loads_the_standard_library_alone() -> None:
    code = (
        "import sys; before = set(sys.modules); import agentglass; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )

    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert set(result.stdout.split()) - sys.stdlib_module_names == {"agentglass"}


@pytest.fixture(scope="module")
def home_with_a_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An AGENTGLASS_HOME in which the example ran once."""
    home = tmp_path_factory.mktemp("recorded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTGLASS_HOME", str(home))
        _loaded_by("run", EXAMPLE)
    return home


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_loads_what_it_needs(
    verb: str, home_with_a_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTGLASS_HOME", str(home_with_a_run))

    loaded = _loaded_by(*verb.split())

    assert "typer" in loaded
    assert loaded - VERBS[verb] == set()


def _loaded_by(*arguments: str) -> set[str]:
    """Run the command line and return which of the watched libraries it imported."""
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "agentglass", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    timings = [line for line in result.stderr.splitlines() if line.startswith("import time:")]
    assert result.returncode == 0, [
        line for line in result.stderr.splitlines() if line not in timings
    ]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in timings} & WATCHED
