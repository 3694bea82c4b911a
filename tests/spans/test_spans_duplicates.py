"""One model call recorded twice, as seen in the wild, and calls that only look alike."""

from typing import Any

import pytest

from agentglass.spans import Span, SpanType, Usage, find_duplicates, names


def call(span_id: str, parent_id: str | None = None, **fields: Any) -> Span:
    fields = {"type": SpanType.LLM, "start_ns": 0, "end_ns": 10, "name": span_id} | fields
    return Span(trace_id="a" * 32, span_id=span_id, parent_id=parent_id, **fields)


def usage(tokens: int | None = 7, **more: int) -> Usage:
    return Usage(input_tokens=tokens, output_tokens=3, **more)


def response(response_id: str) -> dict[str, Any]:
    return {names.RESPONSE_ID: response_id}


def test_nested_calls_with_one_response_id_are_one_and_the_inner_record_stays() -> None:
    outer = call("outer", attributes=response("r1"), usage=usage())
    chain = call("chain", "outer", type=SpanType.CHAIN)
    inner = call("inner", "chain", attributes=response("r1"), usage=usage())

    assert find_duplicates([inner, chain, outer]) == {"outer": "inner"}


def test_the_record_with_more_counts_stays_then_the_one_with_more_attributes() -> None:
    rich = call("rich", usage=usage(reasoning_tokens=1))
    poor = call("poor", "rich", usage=usage(), attributes={"a": 1, "b": 2})
    told = call("told", usage=usage(), attributes={"a": 1})
    silent = call("silent", "told", usage=usage())

    assert find_duplicates([rich, poor]) == {"poor": "rich"}
    assert find_duplicates([told, silent]) == {"silent": "told"}


def test_nested_calls_that_overlap_and_count_the_same_are_one() -> None:
    spans = [call("outer", usage=usage()), call("inner", "outer", usage=usage(), start_ns=2)]

    assert find_duplicates(spans) == {"outer": "inner"}


def test_a_call_without_usage_is_the_one_with_the_same_response_id() -> None:
    spans = [
        call("outer", attributes=response("r")),
        call("inner", "outer", attributes=response("r")),
    ]

    assert find_duplicates(spans) == {"outer": "inner"}


def test_three_records_of_one_call_all_point_to_the_one_that_stays() -> None:
    spans = [
        call("framework", usage=usage()),
        call("gateway", "framework", usage=usage()),
        call("provider", "gateway", usage=usage()),
    ]

    assert find_duplicates(spans) == {"framework": "provider", "gateway": "provider"}


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ({"usage": usage(7)}, {"usage": usage(8)}),
        ({"usage": usage(None)}, {"usage": usage(None)}),
        ({"usage": usage()}, {}),
        ({}, {"usage": usage()}),
        ({"usage": usage()}, {"usage": usage(), "start_ns": 11, "end_ns": 12}),
        ({"usage": usage(), "end_ns": None}, {"usage": usage(), "start_ns": 5, "end_ns": None}),
        (
            {"usage": usage(), "attributes": response("r1")},
            {"usage": usage(), "attributes": response("r2")},
        ),
        ({"usage": usage(), "type": SpanType.AGENT}, {"usage": usage()}),
        ({"usage": usage()}, {"usage": usage(), "type": SpanType.TOOL}),
    ],
)
def test_nested_spans_that_differ_are_two(outer: dict[str, Any], inner: dict[str, Any]) -> None:
    assert find_duplicates([call("outer", **outer), call("inner", "outer", **inner)]) == {}


def test_a_retry_beside_the_first_try_is_a_call_of_its_own() -> None:
    agent = call("agent", type=SpanType.AGENT, end_ns=30)
    tries = [
        call("first", "agent", usage=usage()),
        call("second", "agent", usage=usage(), start_ns=11, end_ns=20),
    ]

    assert find_duplicates([agent, *tries]) == {}


def test_calls_in_a_circle_of_parents_or_below_a_missing_one_do_no_harm() -> None:
    circle = [
        call("a", "c", usage=usage(1)),
        call("b", "a", type=SpanType.CHAIN),
        call("c", "b", type=SpanType.CHAIN),
        call("self", "self", usage=usage(2)),
    ]
    orphan = call("orphan", "gone", usage=usage())

    assert find_duplicates([*circle, orphan]) == {}


def test_two_calls_that_name_each_other_as_parent_leave_at_most_one_pointing_away() -> None:
    spans = [call("a", "b", usage=usage()), call("b", "a", usage=usage())]

    found = find_duplicates(spans)

    assert set(found) <= {"a", "b"}


def test_a_chain_of_100_000_spans_is_searched_once() -> None:
    chain = [call("0", usage=usage())]
    chain += [call(str(n), str(n - 1), type=SpanType.CHAIN) for n in range(1, 100_000)]
    leaves = [call(f"leaf{n}", str(n), usage=usage(n)) for n in range(50_000, 100_000, 100)]

    assert find_duplicates(chain + leaves) == {}
