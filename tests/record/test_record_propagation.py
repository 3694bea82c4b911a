"""`propagate`, `inject` and `extract`: what they hand over, and what they leave alone."""

import contextvars
import logging
import os
import uuid

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import agentglass
from agentglass.spans import RandomIds
from agentglass.testing import capture

FOREIGN = "0af7651916cd13dd0448eb211c80319c"
PARENT = "b7ad6b7169203331"
HEADER = f"00-{FOREIGN}-{PARENT}-01"


def join(headers, name="serve", **options):
    with agentglass.extract(headers), agentglass.trace(name, **options) as run:
        return run


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": HEADER},
        {"Traceparent": f" {HEADER} "},
        {"TRACEPARENT": HEADER},
        {"HTTP_TRACEPARENT": HEADER, "wsgi.input": object()},
        [(b"traceparent", HEADER.encode())],
        httpx.Headers({"traceparent": HEADER}),
        {"traceparent": f"01-{FOREIGN}-{PARENT}-01-more"},
    ],
)
def test_a_run_joins_the_trace_that_valid_headers_name(headers):
    with capture() as t:
        run = join(headers)

    (span,) = t.spans
    assert (span.trace_id, span.parent_id) == (FOREIGN, PARENT)
    assert uuid.UUID(run.run_id).version == 4
    assert t.trace.summary.run_id == run.run_id


@pytest.mark.parametrize(
    "headers",
    [
        {},
        [],
        None,
        17,
        {1: 2},
        [("traceparent",)],
        {"traceparent": ""},
        {"traceparent": "00"},
        {"traceparent": HEADER.upper()},
        {"traceparent": f"ff-{FOREIGN}-{PARENT}-01"},
        {"traceparent": f"{HEADER}-more"},
        {"traceparent": f"00-{'0' * 32}-{PARENT}-01"},
        {"traceparent": f"00-{FOREIGN}-{'0' * 16}-01"},
        {"traceparent": None},
        [("traceparent", HEADER), ("traceparent", HEADER)],
        [(b"\xff", b"\xff"), (b"traceparent", b"\xff")],
    ],
)
def test_headers_that_are_not_valid_begin_a_new_trace(headers, caplog):
    with caplog.at_level(logging.INFO), capture() as t:
        join(headers)

    (span,) = t.spans
    assert span.parent_id is None
    assert span.trace_id != FOREIGN
    assert not caplog.records


@given(st.text() | st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"), st.text())
def test_no_header_whatever_makes_extract_fail(parent, state):
    with agentglass.extract({"traceparent": parent, "tracestate": state}):
        pass


def test_tracestate_and_the_sampling_flag_are_passed_on_as_they_came():
    headers = [
        ("traceparent", HEADER.removesuffix("01") + "00"),
        ("tracestate", "a=1"),
        ("tracestate", "b=2"),
    ]

    with capture() as t:
        with agentglass.extract(headers):
            without_a_span = agentglass.inject({})
            with agentglass.span("call") as call:
                sent = agentglass.inject({"Traceparent": "old", "other": "kept"})

    assert without_a_span == {"traceparent": headers[0][1], "tracestate": "a=1,b=2"}
    assert sent == {
        "traceparent": f"00-{FOREIGN}-{call.span_id}-00",
        "tracestate": "a=1,b=2",
        "other": "kept",
    }
    assert len(t.spans) == 1


def test_nothing_is_injected_outside_of_a_span():
    assert agentglass.inject({"a": "b"}) == {"a": "b"}


def test_an_environment_gets_names_in_capitals():
    with capture(), agentglass.trace("run") as run:
        environment = agentglass.inject(os.environ.copy())

    assert environment["TRACEPARENT"] == f"00-{run.trace_id}-{run.span_id}-01"


def test_a_span_that_is_named_to_others_is_stored_while_it_is_open():
    with capture() as t, agentglass.trace("run"), agentglass.span("call") as call:
        agentglass.inject({})

        open_now = [(span.name, span.end_ns) for span in t.spans]

    assert open_now == [("run", None), ("call", None)]
    assert call.end_ns is not None
    assert t.trace.completeness.is_complete


def test_a_part_says_nothing_of_a_trace_whose_root_is_known():
    """A-E2: nested work of another process is a child, and the tags stay those of the root."""
    with capture() as t:
        with agentglass.trace("outer", tags={"workflow": "outer"}, session_id="s"):
            headers = agentglass.inject({})
        join(headers, "inner", tags={"workflow": "inner"}, session_id="other", user_id="u")

    summary = t.trace.summary
    assert (summary.name, summary.workflow, summary.session_id) == ("outer", "outer", "s")
    assert t.span("inner").attributes["agentglass.tags"] == {"workflow": "inner"}
    assert t.trace.completeness.is_complete


def test_a_part_of_a_foreign_trace_speaks_for_it():
    with capture() as t:
        with pytest.raises(ValueError, match="down"):
            with agentglass.extract({"traceparent": HEADER}):
                with agentglass.trace("serve", tags={"workflow": "w"}, session_id="s"):
                    raise ValueError("down")

    summary = t.trace.summary
    assert (summary.name, summary.status, summary.session_id) == ("serve", "error", "s")
    assert summary.end_ns is not None
    assert summary.workflow == "w"


def test_every_process_gives_a_foreign_trace_the_same_run_id():
    with capture():
        first, second = (join({"traceparent": HEADER}) for _ in range(2))

    assert first.run_id == second.run_id != str(uuid.UUID(FOREIGN))


def test_a_trace_of_another_agentglass_keeps_its_run_id():
    trace_id = RandomIds().trace_id()

    with capture():
        run = join({"traceparent": f"00-{trace_id}-{PARENT}-01"})

    assert run.run_id == str(uuid.UUID(trace_id))


def test_the_remote_span_takes_everything_and_keeps_nothing(caplog):
    with capture() as t, agentglass.extract({"traceparent": HEADER}):
        remote = agentglass.get_active_span()
        remote.input = remote.output = 1
        remote.set_attribute("a", 1)
        remote.set_attributes({"b": 1})
        remote.add_link(FOREIGN, PARENT)
        remote.record_error(ValueError())
        agentglass.add_event("moment")
        remote.end()

    assert (remote.trace_id, remote.span_id) == (FOREIGN, PARENT)
    assert t.spans == []
    assert not caplog.records


def test_with_recording_off_headers_are_neither_read_nor_written():
    with capture(level="off") as t, agentglass.extract({"traceparent": HEADER}):
        with agentglass.trace("run"):
            assert agentglass.inject({}) == {}

    assert t.spans == []


def test_propagate_carries_the_span_and_no_other_variable():
    color = contextvars.ContextVar("color", default="none")

    def look():
        return color.get(), agentglass.get_active_span()

    with capture(), agentglass.trace("run") as run:
        token = color.set("red")
        bound = agentglass.propagate(look)
        color.reset(token)
        seen = contextvars.Context().run(bound)

    assert seen == ("none", run)


def test_propagate_keeps_the_face_and_the_exception_of_a_function():
    def fails(number: int) -> None:
        """Fail."""
        raise error

    error = ValueError("down")
    bound = agentglass.propagate(fails)

    with pytest.raises(ValueError, match="down") as caught:
        bound(1)
    assert caught.value is error
    assert (bound.__name__, bound.__doc__) == ("fails", "Fail.")
