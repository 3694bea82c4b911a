"""Sinks are found by name, and a name that cannot be used says what to do."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agentglass.errors import MissingExtraError, OptionError
from agentglass.sinks import SINKS, open_sink, sink_names
from agentglass.spans import Sink
from agentglass.testing import MemorySink

Install = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a package that registers a sink, as pip would."""

    def install_sink(name: str, target: str) -> None:
        facts = tmp_path / "outsider-1.0.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: outsider\nVersion: 1.0\n")
        (facts / "entry_points.txt").write_text(f"[agentglass.sinks]\n{name} = {target}\n")
        monkeypatch.syspath_prepend(str(tmp_path))

    return install_sink


def test_every_sink_that_is_brought_along_can_be_opened(tmp_path: Path) -> None:
    needed = {"http": {"target": "http://127.0.0.1/"}, "file": {"directory": str(tmp_path)}}
    for name in SINKS:
        sink: Sink = open_sink(name, **needed.get(name, {}))

        assert sink.name == name
        sink.close()


def test_an_unknown_name_names_the_nearest_one() -> None:
    with pytest.raises(OptionError) as caught:
        open_sink("debugfile")

    assert (
        str(caught.value)
        == "Unknown sink 'debugfile'. Did you mean 'debug_file'? Known: debug_file, file, http."
    )


def test_an_outsider_joins_through_an_entry_point(install: Install) -> None:
    install("memory", "agentglass.testing:MemorySink")

    assert isinstance(open_sink("memory"), MemorySink)
    assert sink_names() == ["debug_file", "file", "http", "memory"]


def test_a_missing_library_becomes_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sink_that_needs_openai.py").write_text("import openai\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "openai", None)
    monkeypatch.setitem(SINKS, "hungry", "sink_that_needs_openai:Hungry")

    with pytest.raises(MissingExtraError) as caught:
        open_sink("hungry")

    assert str(caught.value) == (
        "The 'hungry' sink needs an optional dependency (the module 'openai' is missing). "
        "Run: pip install 'agentglass[openai]'"
    )
    assert caught.value.exit_code == 2


def test_an_option_that_a_sink_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        open_sink("debug_file", colour="red")
