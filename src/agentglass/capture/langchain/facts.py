"""What LangChain's objects say: messages, usage, model, provider, documents."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.messages import BaseMessage
from langchain_core.outputs import Generation, LLMResult

from agentglass.spans import Usage, names

__all__ = [
    "answer_attributes",
    "documents_of",
    "message_dict",
    "model_attributes",
    "output_of",
    "usage_of",
]

_ROLES = {"human": "user", "ai": "assistant", "AIMessageChunk": "assistant", "function": "tool"}
_PROVIDERS = {
    "anthropic": "anthropic",
    "amazon_bedrock": "aws.bedrock",
    "azure": "azure.ai.openai",
    "azure_openai": "azure.ai.openai",
    "cohere": "cohere",
    "google_genai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "groq": "groq",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "openai": "openai",
    "xai": "x_ai",
}
"""LangChain's word -> `gen_ai.provider.name` of the OpenTelemetry GenAI conventions."""

_PARAMETERS = {
    "temperature": names.REQUEST_TEMPERATURE,
    "max_tokens": names.REQUEST_MAX_TOKENS,
    "max_completion_tokens": names.REQUEST_MAX_TOKENS,
    "stream": names.REQUEST_STREAM,
}


def message_dict(message: BaseMessage) -> dict[str, Any]:
    """Return a message with the field names that all our records use."""
    role = _ROLES.get(message.type, message.type)
    if role == "chat":
        role = getattr(message, "role", role)
    record: dict[str, Any] = {"role": role, "content": message.content}
    calls = getattr(message, "tool_calls", None)
    if calls:
        record["tool_calls"] = [
            {"id": call.get("id"), "name": call["name"], "arguments": _as_json(call["args"])}
            for call in calls
        ]
    broken = getattr(message, "invalid_tool_calls", None)
    if broken:
        record["tool_calls"] = record.get("tool_calls", []) + [
            {"id": call.get("id"), "name": call.get("name"), "arguments": call.get("args")}
            for call in broken
        ]
    answered = getattr(message, "tool_call_id", None)
    if answered is not None:
        record["tool_call_id"] = answered
    return record


def _as_json(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments, default=str)


def model_attributes(
    serialized: Mapping[str, Any] | None, metadata: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a call says of its model before it is made.

    Args:
        serialized: The model object, as LangChain writes it down.
        metadata: Of the run; `ls_provider` and others are LangChain's own.
        given: The callback's further arguments, with `invocation_params`.
    """
    parameters: Mapping[str, Any] = given.get("invocation_params") or {}
    model = (
        metadata.get("ls_model_name")
        or parameters.get("model")
        or parameters.get("model_name")
        or ((serialized or {}).get("kwargs") or {}).get("model_name")
    )
    provider = str(metadata.get("ls_provider") or "")
    found = {
        names.OPERATION: "chat",
        names.PROVIDER: _PROVIDERS.get(provider, provider) or None,
        names.REQUEST_MODEL: model,
        names.TOOL_DEFINITIONS: parameters.get("tools") or None,
    }
    for key, name in _PARAMETERS.items():
        value = parameters.get(key, metadata.get(f"ls_{key}"))
        if value is not None:
            found[name] = value
    return {name: value for name, value in found.items() if value is not None}


def output_of(result: LLMResult) -> Any:
    """Return the answer, or all of them where there are several."""
    answers = [_answer(generation) for row in result.generations for generation in row]
    return answers[0] if len(answers) == 1 else answers


def _answer(generation: Any) -> Any:
    message = getattr(generation, "message", None)
    return message_dict(message) if isinstance(message, BaseMessage) else generation.text


def answer_attributes(result: LLMResult) -> dict[str, Any]:
    """Return what an answer says of itself: model, id, why it ended."""
    found: dict[str, Any] = {}
    reasons = []
    for said in _metadata_of(result):
        found.setdefault(names.RESPONSE_MODEL, said.get("model_name") or said.get("model"))
        found.setdefault(names.RESPONSE_ID, said.get("id"))
        reasons.append(said.get("finish_reason") or said.get("stop_reason"))
    whole = result.llm_output or {}
    found.setdefault(names.RESPONSE_MODEL, whole.get("model_name"))
    if any(reasons):
        found[names.RESPONSE_FINISH_REASONS] = [reason for reason in reasons if reason]
    return {name: value for name, value in found.items() if value is not None}


def _metadata_of(result: LLMResult) -> list[Mapping[str, Any]]:
    said = []
    for generation in _generations(result):
        message = getattr(generation, "message", None)
        metadata = getattr(message, "response_metadata", None) or generation.generation_info
        if isinstance(metadata, Mapping):
            said.append(metadata)
    return said


def _generations(result: LLMResult) -> Sequence[Generation]:
    return [generation for row in result.generations for generation in row]


def usage_of(result: LLMResult) -> Usage | None:
    """Return what a call used; None where the provider did not say.

    `usage_metadata` of a message is LangChain's own form, with everything that was cached counted in
    `input_tokens`. Older integrations say it in `llm_output` or `response_metadata`. Several answers
    to one prompt were paid for together, and each repeats the figures: one of them counts.
    """
    for generation in _generations(result):
        said = getattr(getattr(generation, "message", None), "usage_metadata", None)
        if isinstance(said, Mapping) and said:
            return _usage_from_metadata(said)
    whole = result.llm_output or {}
    for said in (whole, *_metadata_of(result)):
        for key in ("token_usage", "usage"):
            counts = said.get(key)
            if isinstance(counts, Mapping) and counts:
                return _usage_from_counts(counts)
    return None


def _usage_from_metadata(said: Mapping[str, Any]) -> Usage:
    given: Mapping[str, Any] = said.get("input_token_details") or {}
    made: Mapping[str, Any] = said.get("output_token_details") or {}
    return Usage(
        input_tokens=said.get("input_tokens"),
        output_tokens=said.get("output_tokens"),
        cache_read_tokens=given.get("cache_read"),
        cache_write_5m_tokens=given.get("ephemeral_5m_input_tokens") or given.get("cache_creation"),
        cache_write_1h_tokens=given.get("ephemeral_1h_input_tokens"),
        reasoning_tokens=made.get("reasoning"),
        input_audio_tokens=given.get("audio"),
        output_audio_tokens=made.get("audio"),
        raw=dict(said),
    )


def _usage_from_counts(counts: Mapping[str, Any]) -> Usage:
    """Read OpenAI's words, or Anthropic's, whose input leaves out what was cached."""
    if "prompt_tokens" in counts:
        details: Mapping[str, Any] = counts.get("prompt_tokens_details") or {}
        made: Mapping[str, Any] = counts.get("completion_tokens_details") or {}
        return Usage(
            input_tokens=counts.get("prompt_tokens"),
            output_tokens=counts.get("completion_tokens"),
            cache_read_tokens=details.get("cached_tokens"),
            reasoning_tokens=made.get("reasoning_tokens"),
            raw=dict(counts),
        )
    read = counts.get("cache_read_input_tokens")
    written = counts.get("cache_creation_input_tokens")
    given = counts.get("input_tokens")
    return Usage(
        input_tokens=None if given is None else given + (read or 0) + (written or 0),
        output_tokens=counts.get("output_tokens"),
        cache_read_tokens=read,
        cache_write_5m_tokens=written,
        raw=dict(counts),
    )


def documents_of(documents: Sequence[Document]) -> list[dict[str, Any]]:
    """Return what was found, with scores where the retriever gives them; nothing of it is changed."""
    return [
        {
            "content": document.page_content,
            "score": document.metadata.get("score"),
            "metadata": {key: item for key, item in document.metadata.items() if key != "score"},
        }
        for document in documents
    ]
