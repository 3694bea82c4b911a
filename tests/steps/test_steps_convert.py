"""Runs of steps become spans and come back, and the other way round, with nothing lost."""

import json
import warnings

from hypothesis import given, settings
from runs_for_tests import run_records

from agentglass.errors import TraceFormatWarning
from agentglass.steps import TraceRun, run_from_trace, spans_from_run
from agentglass.store import SQLiteStore


def through_a_store(run):
    store = SQLiteStore(":memory:")
    store.write(spans_from_run(run))
    trace_id = spans_from_run(run)[0].trace_id
    back = run_from_trace(store.get_trace(trace_id))
    store.close()
    return back


@settings(max_examples=200, deadline=None)
@given(run_records())
def test_any_run_survives_as_spans(record):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TraceFormatWarning)
        run = TraceRun.from_json(json.dumps(record))

        back = through_a_store(run)

    assert json.loads(back.to_json()) == json.loads(run.to_json())
