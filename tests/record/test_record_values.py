"""Snapshots: what is recorded is what the value was, and nothing can break it."""

import dataclasses
import datetime
import decimal
import enum
import json
import math
import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import agentglass
from agentglass.record import Recorder, use_recorder
from agentglass.redact import normalise
from agentglass.spans import Resource
from agentglass.store import SQLiteStore
from agentglass.testing import capture


def recorded(value):
    with capture() as t, agentglass.span("s") as s:
        s.output = value
    return t.span("s")


def test_a_snapshot_never_aliases_live_state():
    """P-C16, P-C17: the state before and after is what it was at that time."""
    state = {"messages": ["a"], "nested": {"n": 1}}

    with capture() as t, agentglass.span("s", input=state) as s:
        state["messages"].append("b")
        state["nested"]["n"] = 2
        s.output = state
        s.set_attribute("seen", state)
        state["messages"].append("c")

    span = t.span("s")
    assert span.input == {"messages": ["a"], "nested": {"n": 1}}
    assert span.output == {"messages": ["a", "b"], "nested": {"n": 2}}
    assert span.attributes["seen"] == span.output


def test_reading_a_live_span_gives_a_copy():
    with capture(), agentglass.span("s", input=[1]) as s:
        s.input.append(2)
        assert s.input == [1]


@dataclasses.dataclass
class Point:
    x: int
    y: object


class Colour(enum.Enum):
    RED = "red"


class Silent:
    def __repr__(self):
        raise RuntimeError("no repr")


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (Point(1, [2]), {"x": 1, "y": [2]}),
        (Colour.RED, "red"),
        (pathlib.PurePosixPath("/a"), "/a"),
        (decimal.Decimal("1.10"), "1.10"),
        (datetime.date(2026, 11, 21), "2026-11-21"),
        ({1: "int key", None: "none key"}, {"1": "int key", "null": "none key"}),
        ((1, 2), [1, 2]),
        ({3, 1, 2}, [1, 2, 3]),
        (b"\x00" * 7, "<binary data: 7 bytes>"),
        ([math.nan, math.inf, -math.inf], ["NaN", "Infinity", "-Infinity"]),
        ("a\ud800b", "a\ufffdb"),
        (Silent(), "<unprintable Silent>"),
        ({"deep": Silent()}, {"deep": "<unprintable Silent>"}),
    ],
)
def test_a_value_that_is_not_json_is_recorded_as_something_that_is(value, kept):
    assert recorded(value).output == kept


def test_nul_characters_survive():
    assert recorded("a\x00b").output == "a\x00b"


def test_a_value_that_holds_itself_is_recorded():
    circle = {"name": "x"}
    circle["self"] = circle

    assert recorded(circle).output["name"] == "x"


def test_a_huge_state_is_cut_and_the_cut_is_recorded():
    """T3902: a large value is truncated, marked, with its original length."""
    state = {"big": "ä" * 30_000_000, "small": 1}

    span = recorded(state)

    assert len(json.dumps(span.output, ensure_ascii=False).encode()) < 1_200_000
    assert span.output["small"] == 1
    (cut,) = [
        entry
        for path, entry in span.attributes["agentglass.truncated"].items()
        if path.endswith("big")
    ]
    assert cut["original_length"] == 30_000_000


def test_many_large_values_lose_no_span():
    with capture() as t, agentglass.trace("run"):
        for number in range(12):
            with agentglass.span(f"s{number}", input=["x" * 1000] * 50_000):
                pass

    assert len(t.spans) == 13
    assert t.trace.completeness.is_complete


texts = st.text(st.characters(exclude_categories=["Cs"]))
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(plain, max_size=5))
def test_json_values_come_back_as_they_were(values):
    with capture(policy=agentglass.RedactionPolicy(enabled=False)) as t, agentglass.trace("run"):
        for value in values:
            with agentglass.span("s", input={"value": value}):
                pass

    assert [span.input for span in t.spans[1:]] == [{"value": value} for value in values]


odd = st.recursive(
    plain
    | st.dates()
    | st.binary(max_size=5)
    | st.builds(Silent)
    | st.sampled_from([Colour.RED, math.nan, 2**4000, pathlib.PurePosixPath("/x")]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.frozensets(st.integers(), max_size=3)
        | st.builds(Point, st.integers(), inner)
        | st.dictionaries(st.text(max_size=3) | st.integers() | st.dates(), inner, max_size=4)
    ),
    max_leaves=15,
)


@given(odd)
def test_what_an_object_is_made_of_is_kept_wherever_it_stands(value):
    shared = {"first": value, "again": [value, Point(1, value)]}

    kept = recorded(shared).output

    assert kept == recorded(normalise(shared)).output


def test_the_parts_of_an_object_are_no_alias_either():
    point = Point(1, {"deep": [1]})
    state = {"plain": [1], "point": point}
    with capture() as t, agentglass.span("s", input=state):
        point.y["deep"].append(2)
        state["plain"].append(2)

    assert t.span("s").input == {"plain": [1], "point": {"x": 1, "y": {"deep": [1]}}}


@pytest.mark.parametrize("make", [lambda point: point, lambda point: [point], lambda p: {"p": p}])
def test_an_object_that_holds_itself_is_recorded(make):
    point = Point(1, None)
    point.y = make(point)

    assert "<circular>" in json.dumps(recorded({"p": point}).output)


def test_objects_in_great_numbers_and_depths_are_bounded():
    point = Point(0, None)
    for depth in range(5_000):
        point = Point(depth, point)
    web = [Point(1, 1)]
    for _ in range(40):
        web = [web, web, Point(1, web)]

    assert recorded(point).output["x"] == 4_999
    assert recorded([Point(number, 1) for number in range(50_000)]).output[0] == {"x": 0, "y": 1}
    assert recorded(web).output is not None


def test_ids_and_names_that_no_file_can_hold_lose_no_span():
    odd = "a\x00b\ud800"
    store = SQLiteStore(":memory:")
    recorder = Recorder(
        store=store, resource=Resource(odd), project=odd, environment=odd, release=odd * 1000
    )
    with use_recorder(recorder):
        with agentglass.trace(odd, session_id=odd, user_id=odd * 100_000, tags={odd: odd}) as root:
            with agentglass.span(odd, type=odd) as span:
                span.add_link(odd, odd)
    receipt = recorder.close()

    assert (receipt.accepted, receipt.dropped) == (receipt.durable, 0)
    trace = store.get_trace(root.trace_id)
    assert trace.completeness.is_complete
    assert trace.summary.session_id == "a\x00b\ufffd"
    assert len(trace.summary.user_id.encode()) <= 512
