import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentglass.errors import InputError, NodeError
from agentglass.workflow.field_types import TypeTextError, parse_type
from agentglass.workflow.state import (
    REDUCERS,
    StateField,
    checked_update,
    initial_state,
    map_outputs,
)


def fields(**types):
    return {name: StateField(name, parse_type(text)) for name, text in types.items()}


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("str", "3", "3"),
        ("int", "3", 3),
        ("int", "-3", -3),
        ("float", "1.5", 1.5),
        ("float", "2", 2.0),
        ("bool", "true", True),
        ("bool", "False", False),
        ("list", "[1, 2]", [1, 2]),
        ("list[str]", '["a"]', ["a"]),
        ("dict", '{"a": 1}', {"a": 1}),
        ("dict[str, list[int]]", '{"a": [1]}', {"a": [1]}),
        ("object", '{"a": 1}', {"a": 1}),
    ],
)
def test_a_text_is_read_as_a_value_of_the_field(type_, text, value):
    assert initial_state(fields(x=type_), {"x": text}) == {"x": value}


@pytest.mark.parametrize(
    ("type_", "value", "message"),
    [
        ("int", "three", "'x' is 'three': expected int"),
        ("int", "9" * 5000, "expected int"),
        ("int", 1.5, "expected int, got 1.5"),
        ("int", True, "expected int, got True"),
        ("float", "inf", "expected a finite number"),
        ("bool", "yes", "expected true or false"),
        ("bool", 1, "expected bool, got 1"),
        ("str", 3, "expected str, got 3"),
        ("list", "a,b", "expected list as JSON"),
        ("list", "[" * 100_000, "expected list as JSON"),
        ("list", '{"a": 1}', "expected list, got"),
        ("list[int]", [1, "b"], r"\[1\]: expected int, got 'b'"),
        ("dict[str, int]", {"a": "b"}, r"\['a'\]: expected int"),
        ("dict", {1: 2}, "expected text as keys"),
        ("dict[str, list[int]]", {"a": [1, "b"]}, r"\['a'\]\[1\]: expected int"),
    ],
)
def test_a_value_of_another_type_is_refused(type_, value, message):
    with pytest.raises(InputError, match=message):
        initial_state(fields(x=type_), {"x": value})


def test_a_whole_number_is_good_for_a_float():
    assert initial_state(fields(x="float"), {"x": 2}) == {"x": 2}


def test_all_that_is_wrong_with_the_inputs_is_said_at_once():
    known = {
        "topic": StateField("topic", parse_type("str"), required=True, description="What about."),
        "depth": StateField("depth", parse_type("int"), required=True),
        "size": StateField("size", parse_type("int"), default=3),
    }

    with pytest.raises(InputError) as caught:
        initial_state(known, {"tpoic": "x", "size": "big"})

    assert str(caught.value).splitlines() == [
        "There is no input 'tpoic'. Did you mean 'topic'? Inputs: topic, depth, size.",
        "The input 'topic' (str) is missing: What about.",
        "The input 'depth' (int) is missing.",
        "The input 'size' is 'big': expected int.",
    ]
    assert caught.value.exit_code == 2


def test_defaults_are_copied_and_the_rest_is_none():
    default = ["a"]
    known = {"x": StateField("x", parse_type("list"), default=default), **fields(y="str")}

    state = initial_state(known, {})
    state["x"].append("b")

    assert initial_state(known, {}) == {"x": ["a"], "y": None}


def test_an_input_is_no_alias_of_the_callers_value():
    mine = ["a"]

    state = initial_state(fields(x="list"), {"x": mine})
    mine.append("b")

    assert state == {"x": ["a"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("string", "Did you mean 'str'"),
        ("lst[int]", "not a type"),
        ("list[number]", "Did you mean 'float'"),
        ("dict[int, str]", "keys are text"),
        ("dict[str]", "keys are text"),
        ("list[" * 50 + "int" + "]" * 50, "nested"),
        ("", "not a type"),
    ],
)
def test_a_text_that_is_no_type_is_refused(text, message):
    with pytest.raises(TypeTextError, match=message):
        parse_type(text)


@pytest.mark.parametrize("text", ["str", "list[list[int]]", "dict[str, dict[str, bool]]", "object"])
def test_a_type_is_written_as_it_is_read(text):
    assert str(parse_type(text)) == text


@pytest.mark.parametrize(
    ("wanted", "written", "accepted"),
    [
        ("str", "str", True),
        ("float", "int", True),
        ("int", "float", False),
        ("list", "list[int]", True),
        ("list[int]", "list", True),
        ("list[int]", "list[str]", False),
        ("dict", "object", True),
        ("str", "list", False),
    ],
)
def test_a_field_accepts_what_always_fits_or_may_fit(wanted, written, accepted):
    assert parse_type(wanted).accepts(parse_type(written)) is accepted


def test_an_object_must_hold_what_its_schema_says():
    person = parse_type("object", {"name": parse_type("str"), "tags": parse_type("list[str]")})

    assert person.mismatch({"name": "a", "tags": [], "more": 1}) is None
    assert person.mismatch({"name": "a"}) == ("expected the key 'tags' (list[str]); there is: name")
    assert person.mismatch({"name": "a", "tags": [1]}) == "['tags'][0]: expected str, got 1"


@pytest.mark.parametrize(
    ("reducer", "old", "new", "merged"),
    [
        ("append", ["a"], ["b"], ["a", "b"]),
        ("append", ["a"], "b", ["a", "b"]),
        ("append", None, "b", ["b"]),
        ("append", ["a"], None, ["a"]),
        ("merge", {"a": 1, "b": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ("merge", None, {"b": 2}, {"b": 2}),
        ("sum", 2, 3, 5),
        ("sum", None, 3, 3),
        ("max", 2, 3, 3),
        ("max", 3, 2, 3),
        ("max", None, 2, 2),
        ("sum", None, None, None),
    ],
)
def test_a_reducer_joins_a_write_with_what_is_there(reducer, old, new, merged):
    assert REDUCERS[reducer](old, new) == merged


@given(st.lists(st.lists(st.integers())))
def test_appending_keeps_every_item_in_order_and_changes_no_list(writes):
    total = None
    for write in writes:
        before = list(write)
        total = REDUCERS["append"](total, write)
        assert write == before

    assert (total or []) == [item for write in writes for item in write]


def test_a_write_of_another_type_names_node_field_and_value():
    with pytest.raises(NodeError, match=r"Node 'measure': .* 'count': expected int, got 'many'"):
        checked_update("measure", fields(count="int"), {"count": "many"})


def test_an_optional_field_may_be_written_with_none():
    assert checked_update("n", fields(count="int"), {"count": None}) == {"count": None}


@pytest.mark.parametrize(
    ("outputs", "value", "update"),
    [
        (("a", "b"), {"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2}),
        (("a",), {"a": 1}, {"a": 1}),
        (("a",), {"b": 1}, {"a": {"b": 1}}),
        (("a",), "text", {"a": "text"}),
        ((), "text", {}),
        ((), {"a": 1}, {}),
    ],
)
def test_what_a_node_returns_is_spread_over_its_outputs(outputs, value, update):
    assert map_outputs("n", outputs, value) == update


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"summary": 1, "cuont": 2}, "no 'count'. Did you mean 'cuont'"),
        ({}, "an empty mapping"),
        ("text", "returned a str. Expected: a mapping with summary, count"),
    ],
)
def test_a_return_value_without_the_outputs_is_refused(value, message):
    with pytest.raises(NodeError, match=message):
        map_outputs("n", ("summary", "count"), value)
