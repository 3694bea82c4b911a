"""The `tool` node: one call, with arguments from the state."""

import pytest
import yaml
from flow_maker import make, run

from agentglass.workflow import validate_workflow

LIB = """\
from typing import Annotated


def weather(city: Annotated[str, "Where."], days: int = 1) -> dict:
    return {"city": city, "sky": "clear", "days": days}
"""


@pytest.fixture
def lib(write, monkeypatch):
    """A module with a tool."""
    monkeypatch.syspath_prepend(write(LIB, "toollib.py").parent)


def calling(**keys):
    node = {"id": "call", "type": "tool", "tool": "sky", "arguments": {"city": "{city}", "days": 2}}
    fields = {"city": {"type": "str", "default": "Oslo"}, "facts": "dict"}
    return make([{**node, "outputs": ["facts"], **keys}], [], fields) | {
        "tools": {"sky": {"callable": "toollib:weather", "description": "The sky."}}
    }


@pytest.mark.parametrize("tool", ["sky", "toollib:weather"])
def test_a_tool_node_calls_one_tool(lib, tool):
    result, recorded = run(calling(tool=tool))

    assert result.state["facts"] == {"city": "Oslo", "sky": "clear", "days": 2}
    name = tool.rpartition(":")[2]
    assert recorded.outline().splitlines()[1:] == ["  call node ok", f"    {name} tool ok"]
    assert recorded.span(name).input == {"city": "Oslo", "days": 2}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tool": "sku"}, "There is no tool 'sku'. Did you mean 'sky'?"),
        ({"tool": "toollib:wether"}, "has no 'wether'"),
        ({"arguments": {}}, "The tool 'sky' needs city."),
        ({"arguments": {"city": "x", "town": "y"}}, "The tool 'sky' has no argument 'town'."),
    ],
)
def test_a_call_that_cannot_work_is_found_before_the_run(lib, write, change, message):
    path = write(yaml.safe_dump(calling(**change), sort_keys=False))

    problems = [str(problem) for problem in validate_workflow(path)]

    assert any(message in problem for problem in problems), problems
