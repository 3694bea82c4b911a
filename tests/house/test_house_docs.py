"""What the documents say about the code and its tests is so."""

import re
from pathlib import Path

import pytest

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
