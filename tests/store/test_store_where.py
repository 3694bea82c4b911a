"""The filter language: what it means, what it says about mistakes, and that nothing gets past it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentglass import Status, Usage
from agentglass.spans import Cost, ErrorInfo, TraceFilter, TraceState, run_id_from_trace_id
from agentglass.store import SQLiteStore
from agentglass.store.where import WhereError, compile_where
from agentglass.testing import make_span

HOUR_NS = 3_600 * 10**9
NOW_NS = 1_767_225_600 * 10**9


def a_run(name, *, age_ns=0, duration_ns=10**9, tags=None, children=(), **fields):
    start_ns = NOW_NS - age_ns
    root = make_span(name=name, start_ns=start_ns, end_ns=start_ns + duration_ns, **fields)
    root.trace = TraceState(
        root.trace_id,
        run_id_from_trace_id(root.trace_id),
        tags=tags or {},
        session_id=f"session of {name}",
        user_id="ann" if name == "fast" else None,
    )
    below = [make_span(trace_id=root.trace_id, parent_id=root.span_id, **c) for c in children]
    return [root, *below]


@pytest.fixture(scope="module")
def store():
    store = SQLiteStore(":memory:")
    store.write(
        [
            *a_run("fast", duration_ns=400 * 10**6, tags={"team": "it's", "odd name": "1"}),
            *a_run(
                "slow",
                age_ns=30 * 24 * HOUR_NS,
                duration_ns=90 * 10**9,
                status=Status.ERROR,
                error=ErrorInfo("TimeoutError", "no answer in time"),
                children=[{"name": "fetch", "type": "node"}],
            ),
            *a_run(
                "paid",
                age_ns=2 * HOUR_NS,
                children=[
                    {
                        "name": "chat",
                        "type": "llm",
                        "usage": Usage(input_tokens=100, output_tokens=20),
                        "cost": Cost.from_usd(Decimal("0.05")),
                        "attributes": {
                            "gen_ai.request.model": "gpt-5-mini",
                            "gen_ai.provider.name": "openai",
                        },
                    },
                    {
                        "name": "chat",
                        "type": "llm",
                        "usage": Usage(input_tokens=1, output_tokens=1),
                        "attributes": {"gen_ai.request.model": "nobody-knows"},
                    },
                ],
            ),
        ]
    )
    return store


def found(store, where):
    return sorted(run.name for run in store.find(TraceFilter(where=where)).traces)


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("status = error", ["slow"]),
        ("status != error", ["fast", "paid"]),
        ("not (status = error or name = fast)", ["paid"]),
        ("name = fast or name = slow and status = ok", ["fast"]),
        ("(name = fast or name = slow) and status = ok", ["fast"]),
        ("NOT name = fast AND NOT name = slow", ["paid"]),
        ("duration > 1m", ["slow"]),
        ("duration <= 400ms", ["fast"]),
        ("duration >= 1.5", ["slow"]),
        ("tag.team = 'it''s'", ["fast"]),
        ('tag.team = "it\'s"', ["fast"]),
        ("tag.'odd name' = 1", ["fast"]),
        ("tag.team != x", ["fast", "paid", "slow"]),
        ("user = ann", ["fast"]),
        ("session ~ 'OF PAID'", ["paid"]),
        ("node = fetch", ["slow"]),
        ("model = gpt-5-mini and provider = openai", ["paid"]),
        ("error ~ 'no answer'", ["slow"]),
        ("error = TimeoutError", ["slow"]),
        ("errors > 0", ["slow"]),
        ("tokens >= 122", ["paid"]),
        ("input_tokens < 1000", ["paid"]),
        ("spans = 3", ["paid"]),
        ("started < 2025-12-31", ["slow"]),
        ("started >= '2025-12-31' and started < 2030-01-01T00:00Z", ["fast", "paid"]),
        ("level = trace", ["fast", "paid", "slow"]),
        ("workflow ~ '%'", []),
    ],
)
def test_a_filter_selects_the_runs_for_which_it_holds(store, where, names):
    assert found(store, where) == names


def test_a_cost_that_is_known_in_part_is_only_ever_a_lower_bound(store):
    """One call of `paid` costs 0.05 USD, the other one nobody knows."""
    assert found(store, "cost > 0.01") == ["paid"]
    assert found(store, "cost < 1") == ["fast", "slow"]
    assert found(store, "cost = 0.05") == []
    assert found(store, "cost > 0.05") == []


def test_an_age_counts_back_from_now():
    _, (value,) = compile_where("started >= 2h", NOW_NS)

    assert value == NOW_NS - 2 * HOUR_NS


@pytest.mark.parametrize(
    ("where", "position", "message"),
    [
        ("", 1, "expected a field, found the end"),
        ("nod = x", 1, "unknown field 'nod'. Did you mean 'node'?"),
        ("and = 1", 1, "expected a field, found 'and'"),
        ("cost >", 7, "expected a number of USD, found the end"),
        ("cost > 'x'", 8, "'cost' needs a number of USD, not \"'x'\""),
        ("cost ~ 1", 6, "expected one of = != < <= > >= after 'cost', found '~'"),
        ("name > a", 6, "expected one of = != ~ after 'name', found '>'"),
        ("cost 1", 6, "found '1'"),
        ("status = errror", 10, "Did you mean 'error'?"),
        ("level = all", 9, "needs one of off, metrics, trace"),
        ("duration > 5 parsecs", 14, "expected `and`, `or` or the end, found 'parsecs'"),
        ("duration > 5parsecs", 12, "Units: ms, s, m, h, d, w."),
        ("started > 5", 11, "an age such as 2h, 7d"),
        ("started > '2026-13-99'", 11, "needs a date"),
        ("tokens > 1.5", 10, "needs a whole number"),
        ("(name = a", 10, "expected `)`, found the end"),
        ("name = a)", 9, "expected `and`, `or` or the end, found ')'"),
        ("name = a name = b", 10, "expected `and`, `or` or the end, found 'name'"),
        ("name = 'a", 8, "this quote is not closed"),
        ("name = a; drop table spans", 9, "';' has no place in a filter"),
        ("(" * 100 + "name = a", 32, "levels of brackets"),
        ("not " * 100_000 + "name = a", 10_000, "more than 10,000 characters"),
        (" or ".join(["name = a"] * 101), 1201, "more than 100 comparisons"),
    ],
)
def test_a_mistake_is_said_with_its_place(where, position, message):
    with pytest.raises(WhereError) as caught:
        compile_where(where, NOW_NS)

    assert message in str(caught.value)
    assert f"character {caught.value.position}:" in str(caught.value)
    assert caught.value.position == position
    assert caught.value.exit_code == 2


ODD = """cost tokens duration started status name node error tag.x tag.'y and or not ( ) = != < >= ~
'a' "b" 1 -2 0.5 9e99 3h 2026-11-21 ok ; -- /* */ '' ' " \\ % _ ? :a DROP TABLE spans-- OR 1=1 SELECT
999999999999999999"""
WORDS = st.sampled_from([*ODD.split(), "\0", "\ud800", "é"])


@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=12).map(" ".join)))
def test_any_text_is_a_filter_or_a_mistake_and_never_anything_else(store, text):
    mistake = None
    try:
        store.find(TraceFilter(where=text))
    except WhereError as error:
        mistake = error

    assert mistake is None or 1 <= mistake.position <= len(text) + 1
    assert store.stats()["traces"] == 3


@given(st.text(max_size=40))
def test_a_quoted_value_is_a_value_whatever_is_in_it(text):
    quoted = "'" + text.replace("'", "''") + "'"

    sql, values = compile_where(f"name = {quoted} or node ~ {quoted}", NOW_NS)

    plain, _ = compile_where("name = 'x' or node ~ 'x'", NOW_NS)
    kept = text.encode("utf-8", "replace").decode()
    assert (sql, values) == (plain, [kept, kept])
