"""What every test gets: a home of its own, and property tests that do not depend on speed."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# CI tries the same examples every time; everybody else looks for new ones.
settings.register_profile("agentglass", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("agentglass")


# A writer that opens its store after its test has ended must not find the home of whoever runs this.
os.environ["AGENTGLASS_HOME"] = tempfile.mkdtemp(prefix="agentglass-tests-")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty AGENTGLASS_HOME, and none of the settings of whoever runs the tests."""
    directory = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("AGENTGLASS_HOME", str(directory))
    for name in (
        "AGENTGLASS_LEVEL",
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "NO_COLOR",
        "FORCE_COLOR",
    ):
        monkeypatch.delenv(name, raising=False)
    return directory
