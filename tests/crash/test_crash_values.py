"""What a program may do to its recorder without losing the run: values, clocks, sizes."""

import subprocess
import sys

import pytest
from crash_programs import run, traces

from agentglass.store import SQLiteStore
from agentglass.testing import make_span

VALUES = {
    "10 MB": "'x' * 10_000_000",
    "10 MB of dicts": "{f'key {n}': 'x' * 1000 for n in range(10_000)}",
    "a list that contains itself": "(lambda x: x.append(x) or x)([])",
    "100 000 levels": "__import__('functools').reduce(lambda x, _: [x], range(100_000), [])",
    "an object whose repr raises": "type('Bad', (), {'__repr__': lambda self: 1 / 0})()",
    "an object of which everything raises": (
        "type('Worse', (), {'__getattr__': lambda self, name: 1 / 0,"
        " '__repr__': lambda self: 1 / 0, '__str__': lambda self: 1 / 0})()"
    ),
    "not a number": "[float('nan'), float('inf'), 2**200]",
    "text that is no text": "'\\ud800\\x00'",
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_a_value_that_is_hard_to_record_costs_neither_run_nor_record(value):
    code = f"""
        import agentglass
        value = {value}
        with agentglass.trace("run", input=value) as run:
            with agentglass.span("step", attributes={{"value": value}}) as step:
                step.output = value
                step.add_event("seen", {{"value": value}})
        print("done")
    """
    assert run(code) == (0, "done\n", "")

    trace = traces()["run"]
    assert trace.completeness.is_complete
    assert trace.spans[1].output is not None


def test_a_program_that_seeds_random_does_not_repeat_ids():
    code = """
        import agentglass, random
        random.seed(42)
        with agentglass.trace("run {0}"):
            random.seed(42)
            with agentglass.span("step"):
                pass
    """
    for number in range(2):
        assert run(code.format(number)) == (0, "", "")

    first, second = traces().values()
    ids = [span.span_id for trace in (first, second) for span in trace.spans]
    assert len(set(ids)) == 4
    assert first.summary.trace_id != second.summary.trace_id


def test_a_wall_clock_that_goes_backwards_bends_no_span():
    code = """
        import agentglass, time
        real = time.time_ns
        with agentglass.trace("run"):
            time.time_ns = lambda: real() - 3_600 * 10**9
            time.time = lambda: time.time_ns() / 1e9
            with agentglass.span("step"):
                pass
            agentglass.flush()
    """
    assert run(code) == (0, "", "")

    trace = traces()["run"]
    root, step = trace.spans
    assert root.start_ns <= step.start_ns <= step.end_ns <= root.end_ns
    assert trace.completeness.is_complete


def test_a_trace_of_20_000_spans_is_shown(home):
    root = make_span(name="root")
    steps = [
        make_span(trace_id=root.trace_id, parent_id=root.span_id, name=f"step {number}")
        for number in range(19_999)
    ]
    SQLiteStore(home / "traces.db").write([root, *steps])

    shown = subprocess.run(
        [sys.executable, "-m", "agentglass", "show", "last"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert shown.stdout.count("step ") == 19_999
    assert "20000 spans" not in shown.stderr
