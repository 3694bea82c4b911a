"""What every `TraceStore` must do, as checks that any test runner can call.

Parametrise a test over `STORE_CHECKS` and call each check with an open store.
"""

import itertools
from collections.abc import Callable
from typing import Any

from agentglass.spans import (
    Cost,
    ErrorInfo,
    Event,
    Gap,
    Link,
    Resource,
    Span,
    SpanType,
    Status,
    TraceFilter,
    TraceState,
    TraceStore,
    Usage,
    names,
    run_id_from_trace_id,
)

__all__ = ["STORE_CHECKS", "make_span"]

_START_NS = 1_767_225_600 * 10**9
_numbers = itertools.count(1)


def make_span(**fields: Any) -> Span:
    """Return an ended span with a fresh id in a trace of its own, changed by `fields`."""
    number = next(_numbers)
    given: dict[str, Any] = {
        "trace_id": f"00000000000040008000{number:012x}",
        "span_id": f"{number:016x}",
        "name": "work",
        "start_ns": _START_NS + number * 1_000,
        "end_ns": _START_NS + number * 1_000 + 500,
        "status": Status.OK,
        **fields,
    }
    if given.get("parent_id") is None and "trace" not in given:
        state = TraceState(given["trace_id"], run_id_from_trace_id(given["trace_id"]))
        state.expected = 1
        given["trace"] = state
    return Span(**given)


def a_span_survives_whole(store: TraceStore) -> None:
    """Every field that is written can be read."""
    span = make_span(
        type=SpanType.LLM,
        status=Status.ERROR,
        error=ErrorInfo("ValueError", "no", "Traceback ..."),
        input={"question": ["ä", 1, 1.5, None, True]},
        output="answer",
        usage=Usage(input_tokens=3, output_tokens=2, cache_read_tokens=1, raw={"n": 1}),
        cost=Cost.from_usd("0.000000000001"),
        attributes={names.REQUEST_MODEL: "m", "a": [1, 2]},
        events=[Event("e", _START_NS, {"k": "v"})],
        links=[Link("0" * 31 + "1", "0" * 15 + "1", {"why": "x"})],
        resource=Resource("svc", {"host.name": "h"}),
    )

    seq = store.write([span])

    trace = store.get_trace(span.trace_id)
    assert trace is not None
    (read,) = trace.spans
    same = [name for name in Span.__slots__ if name not in {"seq", "process_id", "trace"}]
    assert {n: getattr(read, n) for n in same} == {n: getattr(span, n) for n in same}
    assert read.usage is not None
    assert read.usage.raw == {"n": 1}
    assert read.seq == seq


def an_unknown_trace_is_none(store: TraceStore) -> None:
    """Asking for what is not there is no error."""
    assert store.get_trace("f" * 32) is None


def ended_beats_started(store: TraceStore) -> None:
    """A start record that arrives late does not undo the end."""
    ended = make_span(output="done")
    started = make_span(
        trace_id=ended.trace_id, span_id=ended.span_id, end_ns=None, status=Status.RUNNING
    )

    store.write([ended])
    store.write([started])

    trace = store.get_trace(ended.trace_id)
    assert trace is not None
    assert [span.output for span in trace.spans] == ["done"]
    assert trace.summary.status == Status.OK


def the_later_write_wins(store: TraceStore) -> None:
    """Among ended records of one span the last one stays, with a higher seq."""
    first = make_span(output=1)
    second = make_span(trace_id=first.trace_id, span_id=first.span_id, output=2)

    before = store.write([first])
    after = store.write([second])

    trace = store.get_trace(first.trace_id)
    assert trace is not None
    assert [span.output for span in trace.spans] == [2]
    assert after > before


def a_span_id_is_unique_within_its_trace_only(store: TraceStore) -> None:
    """Two traces may use the same span id."""
    first = make_span(name="one")
    second = make_span(name="two", span_id=first.span_id)

    store.write([first, second])

    traces = [store.get_trace(span.trace_id) for span in (first, second)]
    assert [trace and trace.spans[0].name for trace in traces] == ["one", "two"]


def children_may_come_first(store: TraceStore) -> None:
    """A trace exists as soon as any of its spans does."""
    root = make_span(name="root")
    child = make_span(name="child", trace_id=root.trace_id, parent_id=root.span_id)

    store.write([child])
    early = store.get_trace(root.trace_id)
    assert early is not None
    assert early.tree.missing_parents == [root.span_id]
    store.write([root])

    late = store.get_trace(root.trace_id)
    assert late is not None
    assert late.summary.name == "root"
    assert late.tree.missing_parents == []


def totals_count_the_deepest_usage(store: TraceStore) -> None:
    """An agent's roll-up and the calls below it are not added up twice."""
    root = make_span(name="root")
    agent = make_span(
        trace_id=root.trace_id,
        parent_id=root.span_id,
        type=SpanType.AGENT,
        usage=Usage(input_tokens=10, output_tokens=5),
        cost=Cost.from_usd("1"),
    )
    call = make_span(
        trace_id=root.trace_id,
        parent_id=agent.span_id,
        type=SpanType.LLM,
        usage=Usage(input_tokens=10, output_tokens=5),
        cost=Cost.from_usd("1"),
    )

    store.write([root, agent, call])

    totals = store.find(TraceFilter(run_id_prefix=_run_id(root))).traces[0].totals
    assert (totals.usage.input_tokens, totals.usage.output_tokens) == (10, 5)
    assert totals.cost_usd == 1
    assert totals.llm_calls == 1


def an_unknown_cost_is_not_zero(store: TraceStore) -> None:
    """A call without a price makes the sum partial and is named."""
    call = make_span(
        type=SpanType.LLM,
        usage=Usage(input_tokens=1, output_tokens=1),
        attributes={names.REQUEST_MODEL: "nobody-knows"},
    )

    store.write([call])

    totals = store.find(TraceFilter(run_id_prefix=_run_id(call))).traces[0].totals
    assert totals.cost_usd is None
    assert totals.unpriced_models == ("nobody-knows",)


def runs_are_found_by_what_their_root_says(store: TraceStore) -> None:
    """Tags, session, status and time select; the latest come first; pages follow each other."""
    spans = []
    for number in range(5):
        span = make_span(name="flow", status=Status.ERROR if number == 2 else Status.OK)
        state = TraceState(
            span.trace_id,
            _run_id(span),
            tags={"workflow": "digest", "n": str(number)},
            session_id=f"s{number % 2}",
        )
        span.trace = state
        spans.append(span)
    store.write(spans)

    first = store.find(TraceFilter(workflow="digest"), limit=2)
    second = store.find(TraceFilter(workflow="digest"), limit=9, cursor=first.cursor)

    found = [summary.tags["n"] for page in (first, second) for summary in page.traces]
    assert found == ["4", "3", "2", "1", "0"]
    assert second.cursor is None
    assert _found(store, TraceFilter(workflow="digest", status=Status.ERROR)) == ["2"]
    assert _found(store, TraceFilter(workflow="digest", session_id="s1")) == ["3", "1"]
    assert _found(store, TraceFilter(tags={"workflow": "digest", "n": "1"})) == ["1"]
    since = TraceFilter(workflow="digest", since_ns=spans[3].start_ns)
    assert _found(store, since) == ["4", "3"]
    until = TraceFilter(workflow="digest", until_ns=spans[1].start_ns)
    assert _found(store, until) == ["0"]
    assert store.totals(TraceFilter(workflow="digest")).spans == 5
    assert store.totals(TraceFilter(workflow="digest")).errors == 1


def a_condition_selects_runs(store: TraceStore) -> None:
    """Conditions over the run, its tags and its spans; what is unknown is neither more nor less."""
    cheap, dear, unknown = (_priced_run(price) for price in ("0.001", "0.02", None))
    store.write([*cheap, *dear, *unknown])

    def found(where: str) -> list[str]:
        page = store.find(TraceFilter(where=f"tag.kit = conditions and ({where})"))
        return sorted(run.tags["price"] for run in page.traces)

    assert found("cost > 0.01") == ["0.02"]
    assert found("cost < 1 or cost >= 1") == ["0.001", "0.02"]
    assert found("not cost < 1") == ["None"]
    assert found("node = 'fetch' and model ~ MINI") == ["0.001", "0.02", "None"]
    assert found("node != fetch") == []
    assert found("tag.price = 0.001 and duration < 1s and status = ok") == ["0.001"]


def a_gap_makes_a_trace_incomplete(store: TraceStore) -> None:
    """What was lost is part of the answer."""
    span = make_span()

    store.write([span], [Gap(span.trace_id, None, _START_NS, 3, "the queue was full")])

    trace = store.get_trace(span.trace_id)
    assert trace is not None
    assert not trace.completeness.is_complete
    assert "3 spans lost: the queue was full" in trace.completeness.reasons


def a_deleted_trace_is_gone(store: TraceStore) -> None:
    """Deleting takes the spans, the gaps and the row, and leaves the others."""
    span, other = make_span(), make_span()
    store.write([span, other], [Gap(span.trace_id, None, _START_NS, 1, "x")])

    count = store.delete([span.trace_id, "f" * 32])

    assert count == 1
    assert store.get_trace(span.trace_id) is None
    assert store.get_trace(other.trace_id) is not None


def spans_are_read_when_asked_for(store: TraceStore) -> None:
    """A trace of many spans can be walked without holding them all."""
    root = make_span()
    spans = [
        make_span(trace_id=root.trace_id, parent_id=root.span_id, name=str(n)) for n in range(700)
    ]
    store.write([root, *spans])

    trace = store.get_trace(root.trace_id)

    assert trace is not None
    walked = iter(trace.iter_spans())
    assert next(walked).name == "work"
    assert [span.name for span in walked] == [str(n) for n in range(700)]


STORE_CHECKS: tuple[Callable[[TraceStore], None], ...] = (
    a_span_survives_whole,
    an_unknown_trace_is_none,
    ended_beats_started,
    the_later_write_wins,
    a_span_id_is_unique_within_its_trace_only,
    children_may_come_first,
    totals_count_the_deepest_usage,
    an_unknown_cost_is_not_zero,
    runs_are_found_by_what_their_root_says,
    a_condition_selects_runs,
    a_gap_makes_a_trace_incomplete,
    a_deleted_trace_is_gone,
    spans_are_read_when_asked_for,
)
"""Each takes a store of its own, or one shared by all: they do not disturb each other."""


def _priced_run(price: str | None) -> list[Span]:
    root = make_span(name="flow")
    tags = {"kit": "conditions", "price": str(price)}
    root.trace = TraceState(root.trace_id, _run_id(root), tags=tags)
    node = make_span(
        trace_id=root.trace_id,
        parent_id=root.span_id,
        type=SpanType.NODE,
        attributes={names.NODE_ID: "fetch"},
    )
    call = make_span(
        trace_id=root.trace_id,
        parent_id=node.span_id,
        type=SpanType.LLM,
        usage=Usage(input_tokens=1, output_tokens=1),
        cost=None if price is None else Cost.from_usd(price),
        attributes={names.REQUEST_MODEL: "gpt-5-mini"},
    )
    return [root, node, call]


def _run_id(span: Span) -> str:
    return run_id_from_trace_id(span.trace_id)


def _found(store: TraceStore, query: TraceFilter) -> list[str]:
    return [summary.tags["n"] for summary in store.find(query).traces]
