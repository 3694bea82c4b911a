"""Node types of other packages join through the entry-point group `agentglass.nodes`."""

import sys
from typing import Literal

import pytest

from agentglass.errors import MissingExtraError
from agentglass.plugins import EXTRAS
from agentglass.testing import capture
from agentglass.workflow import run_workflow, validate_workflow
from agentglass.workflow.node_config import NodeConfig
from agentglass.workflow.node_types import (
    NODE_TYPES,
    NodeType,
    load_node_type,
    missing_extra,
    node_type_names,
)
from agentglass.workflow.templates import render

SHOUTING = """\
schema_version: "1.0"
flow: {name: shouting}
state: {fields: {text: str, loud: str}}
nodes: [{id: a, type: shout, text: "{text}", outputs: [loud]}]
"""


class ShoutNode(NodeConfig):
    template_keys = ("text",)

    type: Literal["shout"]
    text: str


def compile_shout(config, context):
    async def work(visit):
        return render(config.text, visit.scope, visit.resolutions).upper()

    return work


SHOUT = NodeType(ShoutNode, compile_shout)


@pytest.fixture
def shouting(tmp_path, monkeypatch):
    """An installed package that registers a node type."""
    info = tmp_path / "shouting-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[agentglass.nodes]\nshout = shouting:SHOUT\n")
    (tmp_path / "shouting.py").write_text(f"from {__name__} import SHOUT\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("shouting", None)


def test_a_node_type_of_another_package_runs(shouting, write):
    path = write(SHOUTING)

    with capture() as recorded:
        result = run_workflow(path, {"text": "hey"})

    assert node_type_names() == sorted([*NODE_TYPES, "shout"])
    assert result.result == "HEY"
    assert recorded.span("a").attributes["agentglass.node_type"] == "shout"


def test_without_the_package_the_type_is_unknown(write):
    (problem,) = validate_workflow(write(SHOUTING))

    assert problem.code == "unknown-type"


def test_a_package_that_cannot_be_imported_is_a_problem(shouting, write, tmp_path):
    (tmp_path / "shouting.py").write_text("raise RuntimeError('broken')\n")

    (problem,) = validate_workflow(write(SHOUTING))

    assert problem.message == "The node type 'shout' cannot be loaded: RuntimeError: broken"


def test_a_type_says_which_extra_it_misses(monkeypatch):
    monkeypatch.setitem(EXTRAS, "no_such_module", "run")

    error = missing_extra("set", load_node_type("set"))

    assert isinstance(error, MissingExtraError)
    assert "pip install 'agentglass[run]'" in str(error)
    assert missing_extra("shout", SHOUT) is None
