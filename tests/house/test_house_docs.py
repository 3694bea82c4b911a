"""What the documents say about the code and its tests is so."""

import re
from pathlib import Path

import pytest

import agentglass.record
from agentglass.cli.main import VERBS

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path
    for path in [*ROOT.glob("docs/*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"]
    if path.name != "decisions.md"
)
TESTS = {
    name
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in [path.stem, *re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.M)]
}

NOT_A_WAY = {
    "LEVELS",
    "Context",
    "LiveSpan",
    "NoopSpan",
    "Receipt",
    "Recorder",
    "check_level",
    "configure",
    "current_context",
    "current_recorder",
    "flush",
    "get_active_span",
    "get_session_id",
    "last_trace",
    "register_control_flow",
    "use_recorder",
}
WAYS_OF_RECORDING = set(agentglass.record.__all__) - NOT_A_WAY


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_test_that_a_document_names_exists(document: Path) -> None:
    named = set(re.findall(r"\btest_\w+", document.read_text(encoding="utf-8")))

    assert named - TESTS == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_verb_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^ {4}|\$ )agentglass ([a-z]+)\b", text, re.MULTILINE))

    assert named - set(VERBS) == set()


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_is_in_a_document(verb: str) -> None:
    assert any(f"agentglass {verb}" in path.read_text(encoding="utf-8") for path in DOCUMENTS)


def test_every_way_of_recording_is_in_the_observability_table() -> None:
    """T3924: `docs/architecture.md` has a table of code paths, their spans and their tests."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.split("\n## Observability\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (?P<path>.+?) \| (?P<span>.+?) \| `(?P<test>test_\w+)", section, re.M)

    paths = " ".join(path for path, _, _ in rows)
    assert {test for _, _, test in rows} <= TESTS
    assert set(agentglass.record.__all__) > NOT_A_WAY
    assert {way for way in WAYS_OF_RECORDING if not re.search(rf"\b{way}\b", paths)} == set()
