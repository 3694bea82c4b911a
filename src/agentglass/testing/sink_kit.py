"""What every `Sink` that posts must do, as checks that any test runner can call.

Parametrise a test over `SINK_CHECKS` and call each check with a function that opens the sink for
the address of a server, with a timeout of a second or less.
"""

from collections.abc import Callable, Sequence

from agentglass.spans import Delivered, Rejected, Retry, Sink, SpanKey, Trace
from agentglass.store import SQLiteStore
from agentglass.testing.hostile_server import Blow, HostileServer
from agentglass.testing.store_kit import make_span

__all__ = ["SINK_CHECKS", "OpenSink", "make_traces"]

OpenSink = Callable[[str], Sink]
"""Opens a sink that posts to a server, given as `http://127.0.0.1:PORT`."""

_LONG_S = 30.0
"""Longer than any sink under test waits."""


def make_traces(count: int = 2, **fields: object) -> list[Trace]:
    """Return traces of one span each, changed by `fields`, read from a store of their own."""
    store = SQLiteStore(":memory:")
    spans = [make_span(**fields) for _ in range(count)]
    store.write(spans)
    found = [store.get_trace(span.trace_id) for span in spans]
    return [trace for trace in found if trace is not None]


def a_batch_is_delivered(open_sink: OpenSink) -> None:
    """A server that takes the batch gets it, and may get it again."""
    batch = make_traces(3)
    with HostileServer() as server:
        sink = open_sink(server.address)

        answers = [sink.deliver(batch), sink.deliver(batch)]

        sink.close()
    assert answers == [Delivered(), Delivered()]
    assert len(server.requests) >= 2


def an_outage_is_a_retry(open_sink: OpenSink) -> None:
    """Whatever says nothing about the batch gives nothing up, and the sink recovers at once."""
    statuses = (401, 403, 404, 408, 429, 500, 502, 503, 504)
    blows = [Blow(status=status, body=b"no") for status in statuses]
    blows += [Blow(cut="all"), Blow(delay_s=_LONG_S)]
    batch = make_traces()
    for blow in blows:
        with HostileServer(blow) as server:
            sink = open_sink(server.address)

            during = sink.deliver(batch)
            server.treatment = Blow()
            after = sink.deliver(batch)

            sink.close()
        assert isinstance(during, Retry), (blow, during)
        assert during.reason, blow
        assert after == Delivered(), (blow, after)


def a_server_that_refuses_connections_is_a_retry(open_sink: OpenSink) -> None:
    """It may come back, at the same address and in the middle of everything."""
    batch = make_traces()
    with HostileServer() as server:
        sink = open_sink(server.address)
        before = sink.deliver(batch)
        server.stop()
        during = sink.deliver(batch)
        server.start()
        after = sink.deliver(batch)
        sink.close()
    assert isinstance(during, Retry)
    assert (before, after) == (Delivered(), Delivered())


def what_the_server_asks_for_is_passed_on(open_sink: OpenSink) -> None:
    """`Retry-After` reaches the sender; nonsense in it does not."""
    for given, wanted in (("7", 7.0), ("soon", None), ("-1", None)):
        with HostileServer(Blow(status=503, headers={"retry-after": given})) as server:
            sink = open_sink(server.address)
            answer = sink.deliver(make_traces())
            sink.close()
        assert isinstance(answer, Retry)
        assert answer.after_s == wanted, given


def a_refusal_names_spans(open_sink: OpenSink) -> None:
    """What the server will never take is named; the sender looks for the cause."""
    batch = make_traces()
    for status in (400, 413, 422):
        with HostileServer(Blow(status=status, body=b"bad")) as server:
            sink = open_sink(server.address)
            answer = sink.deliver(batch)
            sink.close()
        assert isinstance(answer, Rejected), (status, answer)
        assert answer.keys, status
        assert answer.keys <= _keys(batch), status


def a_broken_answer_is_no_exception(open_sink: OpenSink) -> None:
    """A 200 whose body is nonsense, breaks off or does not end is answered with a delivery."""
    bodies = (b"\x1f\x8b\x00half", b"{", b"<html>", b"x" * 2**22)
    blows = [Blow(body=body) for body in bodies] + [Blow(body=b"{}" * 5000, cut="half")]
    for blow in blows:
        with HostileServer(blow) as server:
            sink = open_sink(server.address)
            answer = sink.deliver(make_traces())
            sink.close()
        assert isinstance(answer, Delivered | Retry), (blow.body[:20], answer)


def a_slow_server_is_waited_for(open_sink: OpenSink) -> None:
    """Slow is not down."""
    with HostileServer(Blow(delay_s=0.2)) as server:
        sink = open_sink(server.address)
        answer = sink.deliver(make_traces())
        sink.close()
    assert answer == Delivered()


def a_redirect_is_not_followed(open_sink: OpenSink) -> None:
    """Credentials go to nobody but the address that was given."""
    with HostileServer() as other:
        for status in (301, 302, 303, 307, 308):
            with HostileServer(Blow(status=status, headers={"location": other.url})) as server:
                sink = open_sink(server.address)
                answer = sink.deliver(make_traces())
                sink.close()
            assert isinstance(answer, Retry), (status, answer)
    assert other.requests == []


def any_text_can_be_sent(open_sink: OpenSink) -> None:
    """Whatever a store can hold is sent: NUL, long values, deep ones, numbers without bounds."""
    deep: list[object] = []
    for _ in range(15):
        deep = [deep]
    for value in (
        "\u2028\ufffd\U0001f600",
        "a\x00b",
        "ä" * 2**20,
        deep,
        {"": None, "x": [2**80, 1e300]},
    ):
        with HostileServer() as server:
            sink = open_sink(server.address)
            answer = sink.deliver(make_traces(1, input=value))
            sink.close()
        assert answer == Delivered(), repr(value)[:40]


def a_closed_sink_opens_again(open_sink: OpenSink) -> None:
    """A recorder that was closed may record again."""
    with HostileServer() as server:
        sink = open_sink(server.address)
        sink.close()
        first = sink.deliver(make_traces())
        sink.close()
        sink.close()
        second = sink.deliver(make_traces())
        sink.close()
    assert (first, second) == (Delivered(), Delivered())


SINK_CHECKS: tuple[Callable[[OpenSink], None], ...] = (
    a_batch_is_delivered,
    an_outage_is_a_retry,
    a_server_that_refuses_connections_is_a_retry,
    what_the_server_asks_for_is_passed_on,
    a_refusal_names_spans,
    a_broken_answer_is_no_exception,
    a_slow_server_is_waited_for,
    a_redirect_is_not_followed,
    any_text_can_be_sent,
    a_closed_sink_opens_again,
)
"""Each brings its own server."""


def _keys(batch: Sequence[Trace]) -> frozenset[SpanKey]:
    return frozenset(span.key for trace in batch for span in trace.spans)
