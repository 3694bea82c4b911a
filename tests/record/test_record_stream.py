"""`keep_open`: the span of an answer that is read later."""

import asyncio

import pytest

import agentglass
from agentglass.record import keep_open
from agentglass.testing import capture


class Stream:
    """A stream of a client library: an iterator and a context manager in one."""

    def __init__(self, *items):
        self.items = iter(items)
        self.calls = []

    def __iter__(self):
        return self

    def __next__(self):
        item = next(self.items)
        if isinstance(item, Exception):
            raise item
        return item

    def __enter__(self):
        self.calls.append("enter")
        return self

    def __exit__(self, *_):
        self.calls.append("exit")

    def close(self):
        self.calls.append("close")


class AsyncStream:
    def __init__(self, *items):
        self.items = iter(items)
        self.calls = []

    def __aiter__(self):
        return self

    async def __anext__(self):
        try:
            return next(self.items)
        except StopIteration:
            raise StopAsyncIteration from None

    async def __aenter__(self):
        self.calls.append("enter")
        return self

    async def __aexit__(self, *_):
        self.calls.append("exit")

    async def text(self):
        await asyncio.sleep(0)
        return "".join(self.items)

    async def fail(self):
        raise ValueError("down")


def open_call(answer, *reads):
    return keep_open(agentglass.span("ask", type="llm"), answer, reads=reads)


def test_a_stream_is_recorded_with_its_items_and_stays_what_it_was():
    stream = Stream("a", "b")

    with capture() as t:
        with open_call(stream) as given:
            read = list(given)

    assert (read, stream.calls) == (["a", "b"], ["enter", "exit"])
    assert t.span("ask").output == ["a", "b"]
    assert t.span("ask").attributes == {"agentglass.items": 2}


def test_closing_a_stream_ends_its_span_once():
    stream = Stream("a", "b")

    with capture() as t:
        given = open_call(stream)
        next(given)
        given.close()
        given.close()

        assert t.span("ask").output == ["a"]
    assert stream.calls == ["close", "close"]


def test_the_error_of_a_stream_is_that_of_its_span_and_reaches_the_reader():
    error = ConnectionError("lost")

    with capture() as t, pytest.raises(ConnectionError) as caught:
        list(open_call(Stream("a", error)))

    assert caught.value is error
    assert (t.span("ask").status, t.span("ask").output) == ("error", ["a"])


async def test_an_async_stream_is_recorded_alike():
    stream = AsyncStream("a", "b")

    with capture() as t:
        async with open_call(stream) as given:
            read = [item async for item in given]

    assert (read, stream.calls) == (["a", "b"], ["enter", "exit"])
    assert t.span("ask").output == ["a", "b"]


async def test_a_method_that_fetches_the_whole_answer_ends_the_span_with_it():
    with capture() as t:
        assert await open_call(AsyncStream("a", "b"), "text").text() == "ab"

    assert t.span("ask").output == "ab"


async def test_a_fetch_that_fails_says_so():
    with capture() as t, pytest.raises(ValueError, match="down"):
        await open_call(AsyncStream(), "fail").fail()

    assert t.span("ask").status == "error"


def test_an_answer_that_is_no_longer_held_has_ended():
    with capture() as t:
        open_call(object())

    assert t.span("ask").status == "ok"


def test_what_the_answer_does_not_have_is_missing_as_before():
    with (
        capture(),
        pytest.raises(AttributeError, match="'Stream' object has no attribute 'nothing'"),
    ):
        open_call(Stream()).nothing  # noqa: B018


def test_where_nothing_is_recorded_the_answer_is_handed_on_itself():
    stream = Stream()

    with capture(level="off"):
        assert open_call(stream) is stream


def test_a_generator_is_kept_open_as_by_traced():
    with capture() as t:
        assert list(open_call(item for item in "ab")) == ["a", "b"]

    assert t.span("ask").output == ["a", "b"]
