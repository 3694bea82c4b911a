"""Chat models behind any server that speaks OpenAI's protocol."""

import asyncio
import ipaddress
import json
import os
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    AsyncStream,
)

from agentglass.errors import OptionError, ProviderError, did_you_mean
from agentglass.models.openai_wire import (
    Assembler,
    MalformedReplyError,
    error_message,
    request_body,
)
from agentglass.models.port import ChatReply, ChatRequest, ProviderSettings

__all__ = ["OpenAIProvider"]

_DEFAULT_BASE = "https://api.openai.com/v1"
_DEFAULT_KEY_ENV = "OPENAI_API_KEY"
_OPTIONS = ("api_key_env", "headers", "organization", "project")
_NO_KEY = "no-key-needed"
_MESSAGE_CHARS = 300


class OpenAIProvider:
    """Calls `chat.completions` of any OpenAI-compatible URL, streaming with usage.

    The URL comes from `api_base`, else from `OPENAI_BASE_URL`, else it is OpenAI's own. The key
    comes from `api_key`, else from the environment variable that the option `api_key_env` names,
    `OPENAI_API_KEY` by default; a server on this machine's loopback needs none. Further options:
    `headers`, `organization`, `project`. A request's options are sent as they are.

    Passing faults (408, 409, 429, 5xx, no connection) are tried again by the SDK, which honours
    `Retry-After`. What a server refuses, `stream_options` or `max_tokens`, is left out or renamed
    for that model from then on.
    """

    name = "openai"

    def __init__(self, settings: ProviderSettings | None = None) -> None:
        self._settings = settings or ProviderSettings()
        options = self._settings.options
        for option in options:
            if option not in _OPTIONS:
                raise OptionError(
                    f"Unknown option {option!r} of the openai provider."
                    f"{did_you_mean(option, _OPTIONS)} Known: {', '.join(_OPTIONS)}."
                )
        self._api_base = (
            self._settings.api_base or os.environ.get("OPENAI_BASE_URL") or _DEFAULT_BASE
        )
        self._key_env = str(options.get("api_key_env", _DEFAULT_KEY_ENV))
        self._key = (self._settings.api_key or os.environ.get(self._key_env) or "").strip()
        self._headers = {str(name): str(text) for name, text in options.get("headers", {}).items()}
        self._host = _check_base(self._api_base)
        self._refused: set[tuple[str, str]] = set()
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncOpenAI] = (
            WeakKeyDictionary()
        )

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Ask a model."""
        while True:
            body = self._adapt(request_body(request))
            try:
                return await self._send(request, body)
            except APIStatusError as error:
                if not self._learn(error, body):
                    raise self._error(request, _explain(error), error.status_code) from None
            except (APITimeoutError, TimeoutError) as error:
                limit_s = self._timeout_s(request)
                raise self._error(
                    request, f"No answer within {limit_s:g} s{_tries(error)}."
                ) from None
            except APIConnectionError as error:
                reason = f"{error.__cause__ or error}".rstrip(".")
                raise self._error(
                    request, f"Cannot talk to {self._host}{_tries(error)}: {reason}."
                ) from None
            except APIError as error:
                raise self._error(request, f"The stream broke off: {error.message}") from None
            except MalformedReplyError as error:
                raise self._error(request, str(error)) from None

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.close()

    async def _send(self, request: ChatRequest, body: dict[str, Any]) -> ChatReply:
        started = time.perf_counter()
        retries = request.max_retries
        client = self._client(request).with_options(
            max_retries=self._settings.max_retries if retries is None else retries,
            timeout=self._timeout_s(request),
        )
        # Read as plain JSON: compatible servers bend the types of the SDK, and its own retries can
        # be counted on the raw response only.
        raw = await client.chat.completions.with_raw_response.create(
            model=body["model"],
            messages=body["messages"],
            stream=bool(body.get("stream")),
            extra_body=body,
        )
        if "text/event-stream" in raw.headers.get("content-type", ""):
            reply = await _read_stream(raw.parse(to=AsyncStream[object]), started)
        else:
            answer = Assembler()
            answer.add(await _read_json(raw.http_response))
            reply = answer.reply()
        return replace(reply, model=reply.model or request.model, retries=raw.retries_taken)

    def _client(self, request: ChatRequest) -> AsyncOpenAI:
        """Return the client of the running loop: connections cannot change their loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            self._clients[loop] = AsyncOpenAI(
                api_key=self._usable_key(request),
                base_url=self._api_base,
                organization=self._settings.options.get("organization"),
                project=self._settings.options.get("project"),
                default_headers=self._headers,
            )
        return self._clients[loop]

    def _usable_key(self, request: ChatRequest) -> str:
        if self._key and not (self._key.isascii() and self._key.isprintable()):
            raise self._error(request, "The API key has characters that no key has.")
        if self._key or _is_loopback(self._host):
            return self._key or _NO_KEY
        raise self._error(
            request,
            f"There is no API key for {self._host}. Set the environment variable "
            f"{self._key_env}, or the option 'api_key' of the provider.",
        )

    def _timeout_s(self, request: ChatRequest) -> float:
        return self._settings.timeout_s if request.timeout_s is None else request.timeout_s

    def _adapt(self, body: dict[str, Any]) -> dict[str, Any]:
        """Leave out or rename what the server has refused for this model."""
        if (body["model"], "stream_options") in self._refused:
            body = {key: body[key] for key in body if key not in ("stream", "stream_options")}
        if (body["model"], "max_tokens") in self._refused and "max_tokens" in body:
            body["max_completion_tokens"] = body.pop("max_tokens")
        return body

    def _learn(self, error: APIStatusError, body: dict[str, Any]) -> bool:
        """Tell whether the server refuses something that can be done without."""
        if error.status_code not in (400, 422):
            return False
        said = error_message(error.body)
        for name, hint in (("stream_options", ""), ("max_tokens", "unsupported")):
            if name in body and name in said and hint in said.lower():
                self._refused.add((body["model"], name))
                return True
        return False

    def _error(
        self, request: ChatRequest, message: str, status: int | None = None
    ) -> ProviderError:
        for secret in (self._key, *self._headers.values()):
            if len(secret) > 3:
                message = message.replace(secret, "[hidden]")
        short = " ".join(message.split())
        short = short if len(short) <= _MESSAGE_CHARS else f"{short[:_MESSAGE_CHARS]}..."
        return ProviderError(self.name, request.model, short, status_code=status)


async def _read_stream(stream: AsyncStream[object], started: float) -> ChatReply:
    answer = Assembler()
    first_token_s: float | None = None
    async with stream:
        async for chunk in _events(stream):
            answer.add(chunk)
            if first_token_s is None and answer.has_begun:
                first_token_s = time.perf_counter() - started
    if not answer.is_finished:
        raise MalformedReplyError("The stream ended before the answer did.")
    return replace(answer.reply(), time_to_first_token_s=first_token_s)


async def _events(stream: AsyncStream[object]) -> AsyncIterator[object]:
    """Yield chunks; what the SDK lets through of the libraries below it is translated here."""
    try:
        async for chunk in stream:
            yield chunk
    except APIError:
        raise
    except json.JSONDecodeError as error:
        raise MalformedReplyError(f"The stream holds malformed JSON: {error.doc[:80]!r}") from error
    except Exception as error:
        # Version 2 of the SDK lets the time-outs of its HTTP library through.
        if "Timeout" in type(error).__name__:
            raise TimeoutError from error
        raise MalformedReplyError(f"The stream broke off: {error}") from error


async def _read_json(response: Any) -> Any:
    """Read a whole answer; `response` is of the SDK's HTTP library, which differs by version."""
    try:
        content = await response.aread()
    except Exception as error:
        raise MalformedReplyError(f"The answer broke off: {error}") from error
    try:
        return json.loads(content)
    except ValueError as error:
        kind = response.headers.get("content-type", "no content type")
        start = content[:80].decode(errors="replace")
        raise MalformedReplyError(f"The answer is not JSON ({kind}): {start!r}") from error


def _explain(error: APIStatusError) -> str:
    return f"HTTP {error.status_code}{_tries(error)}: {error_message(error.body)}"


def _tries(error: APIError | TimeoutError) -> str:
    if not isinstance(error, APIError):
        return ""
    retries = int(error.request.headers.get("x-stainless-retry-count", 0))
    return f" after {retries + 1} tries" if retries else ""


def _check_base(url: str) -> str:
    """Return the host of a URL, which is all that may be shown of it."""
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname:
            return parts.hostname
    except ValueError:
        pass
    shown = url.rpartition("@")[2]
    raise OptionError(f"The 'api_base' must be an http or https URL, not {shown!r}.")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
