"""Trace runs for the tests: one with everything, and strategies that make any."""

import uuid
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from agentglass.steps import TraceRun

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

texts = st.text(st.characters(codec="utf-8"), max_size=12)
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
numbers = st.integers(0, 2**40)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(texts, json_values, max_size=3)
shares = st.floats(0, 1)


def maybe(strategy):
    return st.none() | strategy


OWN_FIELDS = {
    "user_input": {"content": texts, "input_type": maybe(texts)},
    "llm_call": {
        "model": names,
        "input": texts | st.lists(objects, max_size=2),
        "output": texts | objects,
        "tokens_in": maybe(numbers),
        "tokens_out": maybe(numbers),
        "tokens_total": maybe(numbers),
        "latency_ms": maybe(st.integers(0, 10**9)),
        "cost_estimate": maybe(st.floats(0, 1e6)),
        "provider": maybe(texts),
    },
    "tool_call": {
        "tool_name": names,
        "arguments": objects,
        "result": json_values,
        "latency_ms": maybe(st.integers(0, 10**9)),
        "success": maybe(st.booleans()),
        "error": maybe(texts),
        "resource_impact": maybe(
            st.fixed_dictionaries(
                {"amount": st.floats(-1e9, 1e9), "unit": texts}, optional={"breakdown": objects}
            )
        ),
    },
    "retrieval": {
        "query": texts,
        "results": st.lists(
            st.fixed_dictionaries(
                {"content": texts}, optional={"score": shares, "metadata": objects}
            ),
            max_size=2,
        ),
        "match_count": numbers,
        "latency_ms": maybe(st.integers(0, 10**9)),
    },
    "memory_read": {
        "query": texts | objects,
        "results": st.lists(json_values, max_size=2),
        "match_count": numbers,
        "relevance_scores": maybe(st.lists(shares, max_size=2)),
        "total_available": maybe(numbers),
    },
    "memory_write": {
        "operation": st.sampled_from(["add", "update", "delete", "put"]),
        "data": json_values,
        "entity_type": texts,
        "entity_id": maybe(texts),
        "namespace": maybe(st.lists(texts, max_size=2)),
        "key": maybe(texts),
        "changes": maybe(
            st.lists(
                st.fixed_dictionaries(
                    {"path": texts, "new_value": json_values}, optional={"old_value": json_values}
                ),
                max_size=2,
            )
        ),
        "triggered_by_step_id": maybe(texts),
    },
    "state_change": {
        "state_key": names,
        "new_value": json_values,
        "old_value": json_values,
        "reason": maybe(texts),
    },
    "interrupt": {
        "prompt": texts,
        "response": maybe(texts | objects),
        "wait_duration_ms": st.integers(0, 10**9),
    },
    "final_output": {"content": json_values, "format": maybe(texts)},
    "thought": {"depth": json_values, "words": maybe(texts)},
}
"""Type of a step -> its fields; the last one is not known to this version."""


@st.composite
def steps(draw, number, earlier):
    kind = draw(st.sampled_from(sorted(OWN_FIELDS)))
    own = {name: draw(values) for name, values in OWN_FIELDS[kind].items()}
    after_us = draw(st.integers(-(10**6), 10**10))
    return {
        "step_id": draw(st.just(f"step-{number:04}") | names.map(lambda name: f"{number}{name}")),
        "step_type": kind,
        "timestamp": (START + timedelta(microseconds=after_us)).isoformat(),
        "parent_step_id": draw(maybe(st.sampled_from(earlier))) if earlier else None,
        "duration_ms": draw(maybe(st.floats(0, 1e9))),
        "metadata": draw(maybe(objects)),
        **own,
    }


@st.composite
def run_records(draw):
    """Runs as a file holds them, with steps of every type."""
    found = []
    for number in range(draw(st.integers(0, 4))):
        found.append(draw(steps(number, [step["step_id"] for step in found])))
    record = {
        "run_id": str(draw(st.uuids(version=4))),
        "started_at": START.isoformat(),
        "ended_at": draw(maybe(st.integers(0, 10**9))),
        "agent_info": {"name": draw(names), "version": draw(maybe(texts))},
        "task_info": draw(
            maybe(st.fixed_dictionaries({}, optional={"input": objects, "goal": texts}))
        ),
        "metadata": draw(maybe(objects)),
        "steps": found,
    }
    if record["ended_at"] is not None:
        record["ended_at"] = (START + timedelta(milliseconds=record["ended_at"])).isoformat()
    return record


def small_run(**fields):
    """Return a run without steps."""
    given = {"run_id": str(uuid.uuid4()), "started_at": START, "agent_info": {"name": "bot"}}
    return TraceRun(**{**given, "steps": [], **fields})
