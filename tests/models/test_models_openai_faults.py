"""The openai provider when the server is not well."""

import traceback

import pytest

from agentglass.errors import ProviderError
from agentglass.models import ProviderSettings, open_provider
from agentglass.testing import Fault, LLMServer, Reply

KEY = "sk-test-abcdefghij0123456789"
SSE = "text/event-stream"


async def _failure(provider, request):
    with pytest.raises(ProviderError) as caught:
        await provider.chat(request)
    return caught.value


@pytest.mark.parametrize("status", [408, 409, 429, 503])
async def test_a_passing_fault_is_tried_again_and_counted(ask, connect, status):
    """C-19.9: the usage of an answer is recorded after retries too."""
    script = [Fault(status=status, retry_after_s=0.01), Reply(text="yes")]
    with LLMServer(script) as server:
        reply = await connect(server).chat(ask())

        assert len(server.requests) == 2
    assert (reply.text, reply.retries) == ("yes", 1)


async def test_retries_are_bounded_and_the_error_counts_them(ask, connect):
    with LLMServer([Fault(status=429, retry_after_s=0.01, message="Slow down")]) as server:
        error = await _failure(connect(server, max_retries=2), ask())

        assert len(server.requests) == 3
    assert error.status_code == 429
    assert str(error) == "openai/m-1: HTTP 429 after 3 tries: Slow down"


async def test_a_request_bounds_its_own_retries(ask, connect):
    with LLMServer([Fault(status=500)]) as server:
        error = await _failure(connect(server), ask(max_retries=0))

        assert len(server.requests) == 1
    assert error.status_code == 500


async def test_a_fault_of_the_request_is_not_tried_again(ask, connect):
    with LLMServer([Fault(status=404, message="No model 'm-1'")]) as server:
        error = await _failure(connect(server), ask())

        assert len(server.requests) == 1
    assert str(error) == "openai/m-1: HTTP 404: No model 'm-1'"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Fault(status=200, body="{oops"), "not JSON (application/json): '{oops'"),
        (Fault(status=200, body=""), "not JSON (application/json): ''"),
        (Fault(status=200, body="[1]"), "no chat completion: [1]"),
        (Fault(status=200, body='{"choices": null}'), "no choices"),
        (Fault(status=200, body='{"error": {"message": "no credit"}}'), "no credit"),
        (Fault(status=200, body="<html>log in", content_type="text/html"), "text/html"),
        (Fault(status=502, body="<html>gateway", content_type="text/html"), "<html>gateway"),
        (Fault(status=200, body="data: {oops\n\n", content_type=SSE), "malformed JSON"),
        (Fault(status=200, body="data: 7\n\n", content_type=SSE), "no chat completion: 7"),
        (Fault(status=200, body="data: \udcff\n\n", content_type=SSE), "The stream broke off"),
        (Fault(status=200, body='{"choices": []}', cut_after=5), "received 5 bytes"),
        (Fault(status=200, body="", content_type=SSE), "ended before the answer did"),
        (Fault(status=200, body='data: {"error":"busy"}\n\n', content_type=SSE), "error"),
        (Reply(text="a b c", cut_after=2), "without sending complete message body"),
        (Reply(text="a b c", done=False), "ended before the answer did"),
    ],
)
async def test_an_answer_that_is_none_is_named(ask, connect, answer, said):
    with LLMServer([answer]) as server:
        error = await _failure(connect(server, max_retries=0), ask())

    assert said in str(error)
    assert len(str(error)) < 400


async def test_a_plain_answer_that_breaks_off_is_named(ask, connect):
    with LLMServer([Reply(text="a b c", cut_after=20)]) as server:
        error = await _failure(connect(server, max_retries=0), ask(stream=False))

    assert "received 20 bytes" in str(error)


async def test_a_server_that_says_nothing_is_given_up(ask, connect):
    with LLMServer([Fault(hang_s=30)]) as server:
        error = await _failure(connect(server, max_retries=0), ask(timeout_s=0.2))

    assert str(error) == "openai/m-1: No answer within 0.2 s."


async def test_a_stream_that_stalls_is_given_up(ask, connect):
    with LLMServer([Reply(text="a b c", chunk_delay_s=30)]) as server:
        error = await _failure(connect(server, max_retries=0), ask(timeout_s=0.2))

    assert "No answer within 0.2 s" in str(error)


async def test_a_server_that_is_not_there_is_named_by_its_host(ask, connect):
    with LLMServer() as server:
        provider = connect(server, max_retries=0)
    error = await _failure(provider, ask())

    assert "Cannot talk to 127.0.0.1" in str(error)


async def test_a_missing_key_says_where_to_put_it(ask):
    provider = open_provider("openai", ProviderSettings())
    error = await _failure(provider, ask())

    assert "api.openai.com" in str(error)
    assert "OPENAI_API_KEY" in str(error)
    assert "'api_key'" in str(error)


async def test_no_error_shows_the_key(ask, connect):
    """The server echoes the key, as some do; a bad key never gets as far as a header."""
    faults = [Fault(status=400, message=f"bad {KEY}"), Fault(status=200, body=f"oops {KEY}")]
    with LLMServer(faults, api_key="another") as server:
        errors = [await _failure(connect(server, max_retries=0), ask())]
    with LLMServer(faults) as server:
        provider = connect(server, max_retries=0)
        errors += [await _failure(provider, ask()) for _ in faults]
        errors.append(await _failure(connect(server, api_key=f"{KEY}\r\nX: y"), ask()))

    for error in errors:
        assert KEY not in "".join(traceback.format_exception(error))
    assert "[hidden]" in str(errors[0])


def test_settings_do_not_show_their_secrets():
    settings = ProviderSettings(api_key=KEY, options={"headers": {"X-Key": KEY}})

    assert KEY not in repr(settings)
    assert KEY not in repr(open_provider("openai", settings))
