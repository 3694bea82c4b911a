"""Roll-ups: every call counts once, and a sum says when it is partial."""

import random
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agentglass.spans import (
    Cost,
    Span,
    SpanType,
    Status,
    Totals,
    Usage,
    counted_spans,
    names,
    roll_up,
    supersedes,
)

DOLLAR = Cost(pico_usd=10**12)


def make(span_id: str, parent_id: str | None = None, **fields: Any) -> Span:
    fields = {"start_ns": 0, "end_ns": 10, "name": span_id, "status": Status.OK} | fields
    return Span(trace_id="a" * 32, span_id=span_id, parent_id=parent_id, **fields)


def llm(span_id: str, parent_id: str | None = None, **fields: Any) -> Span:
    fields = {"type": SpanType.LLM, "usage": Usage(input_tokens=5), "cost": DOLLAR} | fields
    return make(span_id, parent_id, **fields)


def test_an_agent_that_repeats_the_usage_of_its_calls_is_not_added() -> None:
    spans = [
        make("agent", type=SpanType.AGENT, usage=Usage(input_tokens=10), cost=Cost(pico_usd=1)),
        make("step", "agent", type=SpanType.CHAIN),
        llm("first", "step"),
        llm("second", "step", start_ns=11, end_ns=12),
    ]

    totals = roll_up(spans)

    assert [span.span_id for span in counted_spans(spans)] == ["first", "second"]
    assert totals.usage == Usage(input_tokens=10)
    assert totals.cost_usd == Decimal(2)
    assert (totals.spans, totals.llm_calls, totals.errors) == (4, 2, 0)


def test_an_agent_whose_calls_tell_nothing_speaks_for_them() -> None:
    agent = make("agent", type=SpanType.AGENT, usage=Usage(input_tokens=10), cost=DOLLAR)

    totals = roll_up([agent, llm("call", "agent", usage=None, cost=None)])

    assert totals.usage == Usage(input_tokens=10)
    assert totals.known_cost_usd == 1
    assert totals.cost_usd is None
    assert totals.calls_without_usage == 1


def test_a_call_that_is_recorded_twice_counts_once() -> None:
    totals = roll_up([llm("framework"), llm("provider", "framework")])

    assert totals.llm_calls == 1
    assert totals.cost_usd == Decimal(1)


def test_an_unknown_cost_names_its_model_and_the_sum_is_partial() -> None:
    attributes = {names.REQUEST_MODEL: "gpt-new"}

    totals = roll_up([llm("known"), llm("new", cost=None, attributes=attributes)])

    assert totals.unpriced_models == ("gpt-new",)
    assert totals.cost_usd is None
    assert totals.known_cost_usd == Decimal(1)


def test_a_model_that_is_not_named_is_called_by_its_span() -> None:
    assert roll_up([llm("b", cost=None), llm("a", cost=None)]).unpriced_models == ("a", "b")


def test_a_cache_hit_costs_nothing_and_is_not_unknown() -> None:
    spans = [
        llm("hit", status=Status.CACHED, usage=None, cost=None),
        llm("priced", status=Status.CACHED, usage=None, cost=Cost(pico_usd=0)),
        llm("paid"),
    ]

    totals = roll_up(spans)

    assert totals.cost_usd == Decimal(1)
    assert totals.calls_without_usage == 0
    assert totals.llm_calls == 3


def test_a_call_that_failed_is_an_error_and_not_an_unknown_cost() -> None:
    totals = roll_up([llm("failed", status=Status.ERROR, usage=None, cost=None)])

    assert totals.errors == 1
    assert totals.cost_usd == 0
    assert totals.calls_without_usage == 0


def test_a_cost_without_usage_counts() -> None:
    totals = roll_up([llm("call", usage=None)])

    assert totals.cost_usd == Decimal(1)
    assert totals.calls_without_usage == 1
    assert totals.unpriced_models == ()


def test_nothing_adds_up_to_nothing() -> None:
    assert roll_up([]) == Totals()
    assert Totals().cost_usd == 0


def test_a_span_below_a_missing_parent_counts() -> None:
    assert roll_up([llm("orphan", "gone")]).cost_usd == Decimal(1)


@given(
    st.lists(st.integers(0, 11), max_size=12),
    st.randoms(use_true_random=False),
)
def test_a_sum_does_not_depend_on_the_order_of_arrival(
    parents: list[int], shuffler: random.Random
) -> None:
    spans = [
        llm(str(n), str(parent) if parent < n else None, usage=Usage(input_tokens=n))
        for n, parent in enumerate(parents)
    ]
    totals = roll_up(spans)

    shuffler.shuffle(spans)

    assert roll_up(spans) == totals


records = st.builds(
    lambda seq, ended: make("s", seq=seq, end_ns=10 if ended else None),
    st.integers(0, 50),
    st.booleans(),
)


@given(
    st.lists(records, min_size=1, unique_by=lambda span: span.seq),
    st.randoms(use_true_random=False),
)
def test_the_record_that_stays_does_not_depend_on_the_order_of_writing(
    written: list[Span], shuffler: random.Random
) -> None:
    def merge(spans: list[Span]) -> Span:
        stays = spans[0]
        for span in spans[1:]:
            stays = span if supersedes(span, stays) else stays
        return stays

    expected = max(written, key=lambda span: (span.end_ns is not None, span.seq))
    shuffler.shuffle(written)
    middle = shuffler.randint(0, len(written) - 1)
    groups = [group for group in (written[:middle], written[middle:]) if group]

    assert merge(written) is expected
    assert merge([merge(group) for group in groups]) is expected


def test_the_same_write_twice_replaces_itself() -> None:
    assert supersedes(make("s", seq=3), make("s", seq=3))
