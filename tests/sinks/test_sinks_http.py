"""The http sink: it passes the kit, and what it posts, hides and refuses."""

import json
import os

import pytest

from agentglass.errors import OptionError
from agentglass.sinks import open_sink
from agentglass.sinks.http import HttpSink
from agentglass.spans import (
    Cost,
    Delivered,
    ErrorInfo,
    Event,
    Link,
    Rejected,
    Resource,
    Retry,
    Usage,
)
from agentglass.testing import SINK_CHECKS, Blow, HostileServer, make_traces


@pytest.mark.parametrize("check", SINK_CHECKS, ids=lambda check: check.__name__)
def test_the_http_sink_conforms(check):
    check(lambda address: open_sink("http", target=address, timeout_s=0.5))


def deliver(treatment, batch=None, **options):
    """Deliver a batch; returns the answer and the server."""
    with HostileServer(treatment) as server:
        sink = HttpSink(server.url, **options)
        answer = sink.deliver(batch or make_traces(1))
        sink.close()
    return answer, server


def test_a_trace_is_posted_as_packed_json_with_all_that_is_known():
    batch = make_traces(
        2,
        name="ask",
        type="llm",
        error=ErrorInfo("ValueError", "no"),
        input={"q": "ä"},
        output=[1],
        usage=Usage(input_tokens=3, output_tokens=2),
        cost=Cost.from_usd("0.5"),
        attributes={"a": 1},
        events=[Event("e", 7, {"k": "v"})],
        links=[Link("1" * 32, "2" * 16, {})],
        resource=Resource("svc", {"host.name": "h"}),
    )

    answer, server = deliver(Blow(), batch, headers={"Authorization": "Bearer x"})

    (request,) = server.requests
    assert answer == Delivered()
    assert request.path == "/traces"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["content-encoding"] == "gzip"
    assert request.headers["authorization"] == "Bearer x"
    sent = request.json
    assert (sent["format"], sent["version"]) == ("agentglass.traces", 1)
    assert [t["trace_id"] for t in sent["traces"]] == [t.summary.trace_id for t in batch]
    assert sent["traces"][0]["status"] == "ok"
    (span,) = sent["traces"][0]["spans"]
    assert (span["name"], span["type"], span["input"], span["output"]) == (
        "ask", "llm", {"q": "ä"}, [1],
    )  # fmt: skip
    assert span["error"]["message"] == "no"
    assert span["usage"]["input_tokens"] == 3
    assert span["events"] == [{"name": "e", "time_ns": 7, "attributes": {"k": "v"}}]
    assert span["links"] == [{"trace_id": "1" * 32, "span_id": "2" * 16, "attributes": {}}]
    assert (span["service"], span["resource"]) == ("svc", {"host.name": "h"})


def test_one_connection_serves_many_batches_and_a_new_one_replaces_it():
    with HostileServer() as server:
        sink = HttpSink(server.url)
        for _ in range(3):
            assert sink.deliver(make_traces(1)) == Delivered()
        server.stop()
        server.start()
        assert sink.deliver(make_traces(1)) == Delivered()
        sink.close()

    assert len(server.requests) == 4


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refused_batch_is_rejected_whole_with_what_the_server_said(status):
    batch = make_traces(2)

    answer, _ = deliver(Blow(status=status, body=b"tag is\n too long"), batch)

    assert isinstance(answer, Rejected)
    assert answer.keys == {span.key for trace in batch for span in trace.spans}
    assert f"HTTP {status}: tag is too long" in answer.reason


def test_a_date_in_retry_after_becomes_seconds():
    later, _ = deliver(Blow(status=503, headers={"retry-after": "Fri, 31 Dec 2999 23:59:59 GMT"}))
    past, _ = deliver(Blow(status=429, headers={"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"}))

    assert later.after_s > 10**9
    assert past.after_s == 0


def test_a_redirect_says_where_it_leads():
    answer, _ = deliver(Blow(status=308, headers={"location": "https://new.example/traces"}))

    assert isinstance(answer, Retry)
    assert "https://new.example/traces" in answer.reason


def test_credentials_that_a_server_echoes_are_not_in_the_reason():
    answer, _ = deliver(
        Blow(status=401, body=b"Bad key: Bearer hunter2!"),
        headers={"authorization": "Bearer hunter2!"},
    )

    assert answer.reason == "HTTP 401: Bad key: [REDACTED]"


def test_an_address_keeps_the_names_of_variables_and_no_credentials(monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "Bearer hunter2")
    sink = HttpSink("http://h/x", headers_env={"authorization": "MY_TOKEN"})
    same = HttpSink("http://h/x", headers={"authorization": "Bearer hunter2"})
    other = HttpSink("http://h/x", headers={"authorization": "Bearer hunter3"})

    address = sink.address
    assert (address.kind, address.target) == ("http", "http://h/x")
    assert address.options == {
        "target": "http://h/x",
        "headers_env": {"authorization": "MY_TOKEN"},
        "timeout_s": 10.0,
    }
    assert "hunter2" not in json.dumps([address.target, address.account, dict(address.options)])
    assert len(address.account) == 4
    assert address == same.address
    assert address != other.address


def test_a_forked_child_does_not_use_the_connection_of_its_parent():
    with HostileServer() as server:
        sink = HttpSink(server.url)
        assert sink.deliver(make_traces(1)) == Delivered()
        batch = make_traces(1)
        child = os.fork()
        if child == 0:
            os._exit(0 if sink.deliver(batch) == Delivered() else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert sink.deliver(make_traces(1)) == Delivered()
        sink.close()

    assert len(server.taken) == 3


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("example.org/x", "Expected one as in"),
        ("ftp://example.org", "Expected one as in"),
        ("http://", "Expected one as in"),
        ("http://h:port/", "Expected one as in"),
        ("https://me:secret@example.org/", "holds a user or a password"),
    ],
)
def test_a_target_that_cannot_be_used_is_refused_at_once(target, message):
    with pytest.raises(OptionError, match=message) as caught:
        HttpSink(target)

    assert "secret" not in str(caught.value)


def test_headers_that_cannot_be_sent_are_refused_without_being_shown():
    for headers in ({"x": "top\nsecret"}, {"x y": "secret"}, {"x": "secret\u20ac"}):
        with pytest.raises(OptionError, match="cannot be sent") as caught:
            HttpSink("http://h/", headers=headers)
        assert "secret" not in str(caught.value)


def test_a_variable_that_is_not_set_is_named():
    with pytest.raises(OptionError, match="'NOT_SET_HERE' is not set"):
        HttpSink("http://h/", headers_env={"authorization": "NOT_SET_HERE"})
