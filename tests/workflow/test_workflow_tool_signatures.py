"""What a model is told of a Python function, and how its arguments reach the function."""

import json

import pytest

from agentglass.errors import OptionError, ToolError
from agentglass.workflow.tools import load_tool, parameters_schema

TOOLS = '''\
import threading
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Literal

from pydantic import BaseModel, Field
from typing_extensions import TypedDict


class Unit(Enum):
    METRE = "m"
    FOOT = "ft"


@dataclass
class Point:
    x: int
    y: float = 0.0


class Place(TypedDict):
    city: str


class Order(BaseModel):
    title: str
    amount: int = Field(default=1, ge=1)


def find(text: str, limit: int = 3, *, exact: bool = False) -> list[str]:
    """Find documents
    by a word.

    More about it.

    Args:
        text: What to look for,
            in any language.
        limit (int): How many.

    Returns:
        exact: is no argument here.
    """
    return [text] * limit


def every(
    schema: list[int],
    json: dict[str, float],
    unit: Unit,
    mode: Literal["fast", "slow"],
    maybe: int | None,
    point: Point,
    place: Place,
    order: Order,
    noted: Annotated[int, "how many"],
    ranged: Annotated[int, Field(ge=1, description="from one")],
    anything,
    far: float = float("inf"),
    start: Point = Point(1),
):
    """Take all.

    Args:
        ranged: is said elsewhere
    """
    return {"unit": unit, "point": point, "order": order, "json": json, "schema": schema}


def look(state, key: str):
    with agentglass.span("inner"):
        state["seen"] = True
        return state[key]


def by_place(a, b, /):
    pass


def many(*names: str):
    pass


def unknown(a: "Nowhere"):
    pass


def opaque(lock: threading.Thread):
    pass


number = 3
'''


@pytest.fixture
def directory(tmp_path):
    """The directory of a workflow, with a module of tools in it."""
    (tmp_path / "tools.py").write_text(TOOLS)
    return tmp_path


@pytest.fixture
def load(directory):
    """Load a tool of the module."""
    return lambda function, **options: load_tool(f"tools:{function}", directory, **options)


def test_a_model_is_told_what_a_function_takes(load):
    definition = load("find").definition()

    assert definition.name == "find"
    assert definition.description == "Find documents by a word."
    assert definition.parameters == {
        "type": "object",
        "properties": {
            "text": {"type": "string", "description": "What to look for, in any language."},
            "limit": {"type": "integer", "description": "How many.", "default": 3},
            "exact": {"type": "boolean", "default": False},
        },
        "required": ["text"],
        "additionalProperties": False,
    }


def test_every_type_of_argument_has_a_schema(load):
    schema = parameters_schema(load("every").function)
    properties, definitions = schema["properties"], schema["$defs"]

    assert json.loads(json.dumps(schema, allow_nan=False)) == schema
    assert properties["schema"] == {"type": "array", "items": {"type": "integer"}}
    assert properties["json"] == {"type": "object", "additionalProperties": {"type": "number"}}
    assert definitions["Unit"]["enum"] == ["m", "ft"]
    assert properties["mode"]["enum"] == ["fast", "slow"]
    assert properties["maybe"] == {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    assert definitions["Point"]["required"] == ["x"]
    assert definitions["Place"]["properties"] == {"city": {"type": "string"}}
    assert definitions["Order"]["properties"]["title"] == {"type": "string"}
    assert properties["noted"] == {"type": "integer", "description": "how many"}
    assert properties["ranged"] == {"type": "integer", "minimum": 1, "description": "from one"}
    assert properties["anything"] == {}
    assert properties["start"]["default"] == {"x": 1, "y": 0.0}
    # JSON has no infinity.
    assert properties["far"] == {"type": "number"}


async def test_arguments_arrive_as_the_types_of_the_function(load):
    tool = load("every")
    arguments = {
        "schema": ["1"],
        "json": {"a": 1},
        "unit": "ft",
        "mode": "slow",
        "maybe": None,
        "point": {"x": 2},
        "place": {"city": "Rome"},
        "order": {"title": "t"},
        "noted": 1,
        "ranged": 1,
        "anything": [None],
    }

    result = await tool.call(json.dumps(arguments))

    own = tool.function.__globals__
    assert result["unit"] is own["Unit"].FOOT
    assert result["point"] == own["Point"](2)
    assert result["order"] == own["Order"](title="t")
    assert result["schema"] == [1]


async def test_a_place_inside_an_argument_is_named(load):
    with pytest.raises(ToolError, match=r"the argument 'order\.amount': Input should be greater"):
        await load("every").call({"order": {"title": "t", "amount": 0}, "mode": "fast"})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fnd", "Tool 'fnd': The module 'tools' has no 'fnd'. Did you mean 'find'?"),
        ("number", "'tools:number' is a int, which cannot be called."),
        ("by_place", "'tools:by_place' cannot be a tool: the argument 'a' can be given by its"),
        ("many", "'*names' takes arguments without a name; tools are called by name."),
        ("unknown", "its arguments cannot be read: name 'Nowhere' is not defined."),
        ("opaque", "a type of its arguments cannot be used: Unable to generate pydantic-core"),
    ],
)
def test_what_cannot_be_a_tool_is_refused(load, name, message):
    with pytest.raises(ToolError) as caught:
        load(name)

    assert message in str(caught.value)
    assert str(caught.value)[-2:] not in ("..", "?.")


@pytest.mark.parametrize("name", ["", "a b", "a.b", "ä", "a" * 65, "a\n"])
def test_a_name_that_models_do_not_take_is_refused(load, name):
    with pytest.raises(ToolError, match="the name of a tool is 1 to 64 letters"):
        load("find", name=name)


@pytest.mark.parametrize("limit", [{"timeout_s": 0}, {"timeout_s": float("inf")}, {"retries": -1}])
def test_a_limit_out_of_bounds_is_refused(load, limit):
    with pytest.raises(OptionError, match=f"{next(iter(limit))} is "):
        load("find", **limit)


def test_a_name_and_a_description_of_the_file_win(load):
    definition = load("find", name="search-docs", description="Search.").definition()

    assert (definition.name, definition.description) == ("search-docs", "Search.")


def test_a_function_without_a_docstring_has_no_description(load, directory):
    (directory / "bare.py").write_text("def run(a: int): ...\n")

    definition = load_tool("bare:run", directory).definition()

    assert definition.description == ""
    assert definition.parameters["properties"] == {"a": {"type": "integer"}}
