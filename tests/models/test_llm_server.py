"""The fake LLM server as a client sees it that is not ours."""

import http.client
import json
import urllib.error
import urllib.request

import pytest

from agentglass.testing import Fault, LLMServer, Reply

QUESTION = {"model": "m-1", "messages": [{"role": "user", "content": "hi"}]}


def _post(server, body, path="/chat/completions"):
    request = urllib.request.Request(
        server.base_url + path, json.dumps(body).encode(), {"Authorization": "Bearer k"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.read().decode()


def _events(text):
    return [line.removeprefix("data: ") for line in text.split("\n\n") if line]


def test_the_usage_comes_in_a_last_chunk_when_it_is_asked_for():
    asked = {**QUESTION, "stream": True, "stream_options": {"include_usage": True}}
    with LLMServer([Reply(text="a b")]) as server:
        *chunks, end = _events(_post(server, asked))
    last = json.loads(chunks[-1])

    assert end == "[DONE]"
    assert (last["choices"], last["usage"]["completion_tokens"]) == ([], 2)
    assert [json.loads(chunk)["usage"] for chunk in chunks[:-1]] == [None] * 4


def test_without_being_asked_a_stream_has_no_usage():
    with LLMServer([Reply(text="a b")]) as server:
        events = _events(_post(server, {**QUESTION, "stream": True}))

    assert not any("usage" in event for event in events)


def test_a_plain_answer_has_the_shape_of_the_api():
    with LLMServer([Reply(tool_calls=[("f", {"a": 1})])]) as server:
        body = json.loads(_post(server, QUESTION))

    assert body["object"] == "chat.completion"
    assert body["choices"][0]["finish_reason"] == "tool_calls"
    assert body["choices"][0]["message"]["content"] is None


def test_the_models_are_listed():
    with (
        LLMServer(models=("a", "b")) as server,
        urllib.request.urlopen(f"{server.base_url}/models", timeout=10) as response,
    ):
        listed = json.load(response)

    assert [model["id"] for model in listed["data"]] == ["a", "b"]


def test_a_script_can_be_a_function_of_the_request():
    with LLMServer(lambda request: Reply(text=request.body["model"])) as server:
        body = json.loads(_post(server, QUESTION))

    assert body["choices"][0]["message"]["content"] == "m-1"


def test_requests_are_kept_without_showing_their_headers():
    with LLMServer() as server:
        _post(server, QUESTION)
    seen = server.requests[0]

    assert (seen.method, seen.path, seen.body) == ("POST", "/v1/chat/completions", QUESTION)
    assert seen.headers["authorization"] == "Bearer k"
    assert "Bearer" not in repr(seen)


@pytest.mark.parametrize(
    ("kwargs", "path", "status"),
    [
        ({"replies": [Fault(status=429, retry_after_s=3)]}, "/chat/completions", 429),
        ({"refuse": ("model",)}, "/chat/completions", 400),
        ({"api_key": "other"}, "/chat/completions", 401),
        ({}, "/elsewhere", 404),
    ],
)
def test_errors_have_the_shape_of_the_api(kwargs, path, status):
    with LLMServer(**kwargs) as server, pytest.raises(urllib.error.HTTPError) as caught:
        _post(server, QUESTION, path)
    with caught.value as error:
        body = json.load(error)

    assert error.code == status
    assert body["error"]["message"]
    assert error.headers["retry-after"] == ("3" if status == 429 else None)


def test_one_connection_serves_many_requests():
    with LLMServer() as server:
        connection = http.client.HTTPConnection(server.base_url.split("/")[2], timeout=10)
        for _ in range(3):
            connection.request("POST", "/v1/chat/completions", json.dumps(QUESTION))
            assert connection.getresponse().read()
        connection.close()

    assert len(server.requests) == 3


def test_the_end_of_the_server_ends_what_hangs():
    with LLMServer([Fault(hang_s=600)]) as server:
        connection = http.client.HTTPConnection(server.base_url.split("/")[2], timeout=10)
        connection.request("POST", "/v1/chat/completions", json.dumps(QUESTION))
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        connection.getresponse()
    connection.close()


def test_a_server_that_does_not_run_has_no_address():
    with pytest.raises(RuntimeError, match="start"):
        _ = LLMServer().base_url
