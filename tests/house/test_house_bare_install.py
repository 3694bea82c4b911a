"""`pip install agentglass` without extras: everything works that needs none of them."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-bare" / "bin" / "python"
RECORD = "import agentglass\nwith agentglass.trace('bare'): pass\n"

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="`make test` creates .venv-bare")


@pytest.mark.parametrize("library", ["langgraph", "yaml", "openai"])
def test_no_extra_is_installed_here(library: str) -> None:
    assert "ModuleNotFoundError" in _python("-c", f"import {library}").stderr


@pytest.mark.parametrize("verb", ["--help", "doctor", "runs"])
def test_a_verb_works_without_extras(verb: str) -> None:
    result = _python("-m", "agentglass", verb)

    assert (result.returncode, result.stderr) == (0, "")


def test_a_trace_is_recorded_and_shown_without_extras() -> None:
    recorded = _python("-c", RECORD)
    shown = _python("-m", "agentglass", "show", "last")

    assert (recorded.returncode, recorded.stderr) == (0, "")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "bare" in shown.stdout


@pytest.mark.parametrize("verb", ["run", "validate"])
def test_a_verb_that_needs_an_extra_says_how_to_install_it(verb: str) -> None:
    result = _python("-m", "agentglass", verb, "examples/digest.yaml")

    assert result.returncode == 2
    assert "pip install 'agentglass[run]'" in result.stderr
    assert "Traceback" not in result.stderr


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
