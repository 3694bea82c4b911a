"""Recording never changes the run: an exception stays what it is."""

import asyncio
import subprocess
import sys

import pytest

import agentglass
from agentglass.record import register_control_flow
from agentglass.testing import capture


def test_an_exception_leaves_the_block_as_the_same_object():
    """A-US1.2: the failing span carries the exception, earlier ones are ok."""
    error = ValueError("broken")

    with capture() as t, pytest.raises(ValueError, match="broken") as caught:
        with agentglass.trace("run"):
            with agentglass.span("first"):
                pass
            with agentglass.span("second"):
                raise error

    assert caught.value is error
    assert t.outline() == "run workflow error\n  first span ok\n  second span error"
    failed = t.span("second").error
    assert (failed.type, failed.message) == ("ValueError", "broken")
    assert "raise error" in failed.stacktrace


def test_an_exception_whose_text_cannot_be_made_is_recorded():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    with capture() as t, pytest.raises(Mute), agentglass.span("s"):
        raise Mute

    assert "cannot be read" in t.span("s").error.message


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (asyncio.CancelledError(), "cancelled"),
        (KeyboardInterrupt(), "cancelled"),
        (TimeoutError("late"), "timed_out"),
        (SystemExit(0), "ok"),
        (SystemExit(3), "error"),
        (GeneratorExit(), "ok"),
        (StopAsyncIteration(), "ok"),
    ],
)
def test_control_flow_has_a_status_of_its_own(error, status):
    with capture() as t, pytest.raises(type(error)), agentglass.span("s"):
        raise error

    span = t.span("s")
    assert span.status == status
    assert (span.error is not None) == (status in {"cancelled", "timed_out", "error"})


def test_a_library_can_register_its_own_control_flow():
    class Pause(Exception):
        pass

    register_control_flow(Pause, agentglass.Status.INTERRUPTED)

    with capture() as t, pytest.raises(Pause), agentglass.span("s"):
        raise Pause

    assert (t.span("s").status, t.span("s").error) == ("interrupted", None)


def test_a_status_that_the_program_sets_stays():
    with capture() as t, agentglass.span("s") as s:
        s.status = agentglass.Status.DEGRADED

    assert t.span("s").status == "degraded"


def test_a_processor_that_raises_costs_the_span_and_not_the_run(caplog):
    """A-FR6, T3902: recording degrades gracefully."""
    from agentglass import Recorder
    from agentglass.record import use_recorder
    from agentglass.store import SQLiteStore

    def broken(span):
        if span.name == "bad":
            raise RuntimeError("processor")
        return span

    store = SQLiteStore(":memory:")
    recorder = Recorder(store=store, processors=(broken,))
    with use_recorder(recorder), agentglass.trace("run"), agentglass.span("bad"):
        pass
    receipt = recorder.close()

    (summary,) = store.find().traces
    trace = store.get_trace(summary.trace_id)
    assert [span.name for span in trace.spans] == ["run"]
    assert not trace.completeness.is_complete
    assert receipt.dropped == 1
    assert "could not be recorded" in caplog.text


def test_a_processor_can_keep_a_span_out_of_the_record():
    from agentglass import Recorder
    from agentglass.record import use_recorder
    from agentglass.store import SQLiteStore

    store = SQLiteStore(":memory:")
    recorder = Recorder(
        store=store, processors=(lambda span: None if span.name == "noise" else span,)
    )
    with use_recorder(recorder), agentglass.trace("run"):
        with agentglass.span("noise"):
            pass
        with agentglass.span("signal"):
            pass
    recorder.close()

    (summary,) = store.find().traces
    assert [s.name for s in store.get_trace(summary.trace_id).spans] == ["run", "signal"]


def test_secrets_are_redacted_in_every_field_before_anything_is_stored(home):
    """Nothing may leak: the files themselves are searched."""
    secret = "sk-ant-REDACT-ME-0123456789abcdefghijklmnop"
    from agentglass.record import use_recorder
    from agentglass.spans import Resource

    recorder = agentglass.Recorder(home=home, resource=Resource("svc", {"token": secret}))

    with use_recorder(recorder), pytest.raises(ValueError, match="key"):
        with agentglass.trace(f"run {secret}", tags={"t": secret}, input={"api_key": secret}):
            with agentglass.span("s", attributes={"note": f"key {secret}"}) as s:
                s.add_event("e", {"header": f"Bearer {secret}"})
                s.output = [secret]
                raise ValueError(f"bad key {secret}")
    recorder.close()

    files = [path for path in home.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if secret.encode() in path.read_bytes()]


def test_a_program_that_never_ends_its_trace_still_leaves_a_record(home):
    code = "import agentglass\nagentglass.trace('left open')\nagentglass.span('x').end()\n"
    subprocess.run([sys.executable, "-c", code], check=True)

    from agentglass.store import SQLiteStore

    found = SQLiteStore(home / "traces.db").find().traces
    assert {run.name: str(run.status) for run in found} == {"left open": "error", "x": "ok"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "splendid"),
        ("usage", {"input_tokens": 3}),
        ("cost", 0.01),
        ("error", "text"),
        ("name", 42),
    ],
)
def test_a_field_of_the_wrong_type_costs_that_field_at_most(field, value):
    with capture() as t, agentglass.trace("run"):
        with agentglass.span("odd", attributes={"agentglass.node_id": [1]}) as s:
            setattr(s, field, value)
            s.output = "kept"
        with agentglass.span("next"):
            pass

    assert t.trace.completeness.is_complete
    assert t.spans[1].output == "kept"


def test_a_record_that_cannot_be_stored_costs_itself_and_leaves_a_gap(caplog):
    with capture() as t, agentglass.trace("run"):
        with agentglass.span("too many") as s:
            s.usage = agentglass.Usage(input_tokens=2**70)
        with agentglass.span("next"):
            pass
        t.recorder.flush()

    assert [span.name for span in t.spans] == ["run", "next"]
    assert [gap.reason for gap in t.trace.gaps] == ["storing it failed"]
    assert "could not be stored" in caplog.text


def test_the_source_of_a_trace_is_recorded():
    import langgraph.graph  # noqa: F401 - its version is a part of the source

    with capture() as t, agentglass.span("s"):
        pass

    attributes = t.span("s").resource.attributes
    assert attributes["process.runtime.name"] == "cpython"
    assert attributes["agentglass.framework.langgraph"].startswith("1.")
