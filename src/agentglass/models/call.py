"""The one place where a model call is made, and recorded."""

from typing import Any

from agentglass.models.port import BudgetHook, ChatProvider, ChatReply, ChatRequest
from agentglass.record import span
from agentglass.spans import Cost, SpanType, names

__all__ = ["call_model"]


async def call_model(
    provider: ChatProvider,
    request: ChatRequest,
    *,
    span_name: str | None = None,
    budget: BudgetHook | None = None,
) -> ChatReply:
    """Ask a model inside an `llm` span.

    Args:
        provider: Who serves the model.
        request: What to ask.
        span_name: None gives `chat` and the model, as OpenTelemetry names it.
        budget: Asked before the call, told after it.

    Raises:
        ProviderError: There is no usable answer.
        BudgetExceededError: The budget does not allow the call; the model was not asked.
    """
    with span(
        span_name or f"chat {request.model}",
        type=SpanType.LLM,
        input=_request_content(request),
        attributes=_request_attributes(provider, request),
    ) as recorded:
        if budget is not None:
            budget.before_call(request)
        reply = await provider.chat(request)
        recorded.output = reply.message.to_dict()
        recorded.usage = reply.usage
        recorded.cost = _cost_of(provider, reply)
        for name, value in _reply_attributes(reply).items():
            recorded.set_attribute(name, value)
        if budget is not None:
            budget.after_call(reply)
        return reply


def _request_content(request: ChatRequest) -> dict[str, Any]:
    content: dict[str, Any] = {"messages": [message.to_dict() for message in request.messages]}
    if request.output_schema is not None:
        content["output_schema"] = request.output_schema
    return content


def _request_attributes(provider: ChatProvider, request: ChatRequest) -> dict[str, Any]:
    known = {
        names.OPERATION: "chat",
        names.PROVIDER: provider.name,
        names.REQUEST_MODEL: request.model,
        names.REQUEST_STREAM: request.stream,
        names.REQUEST_TEMPERATURE: request.temperature,
        names.REQUEST_MAX_TOKENS: request.max_tokens,
        names.TOOL_DEFINITIONS: [tool.to_dict() for tool in request.tools] or None,
    }
    return {name: value for name, value in known.items() if value is not None}


def _reply_attributes(reply: ChatReply) -> dict[str, Any]:
    known = {
        names.RESPONSE_MODEL: reply.model,
        names.RESPONSE_ID: reply.response_id,
        names.RESPONSE_FINISH_REASONS: [reply.finish_reason] if reply.finish_reason else None,
        names.TIME_TO_FIRST_TOKEN: reply.time_to_first_token_s,
        names.CALL_RETRIES: reply.retries,
    }
    return {name: value for name, value in known.items() if value is not None}


def _cost_of(provider: ChatProvider, reply: ChatReply) -> Cost | None:
    """Return what the provider reports; unknown is not zero."""
    if reply.reported_cost_usd is None:
        return None
    source = "local" if provider.name == "local" else "provider"
    return Cost.from_usd(reply.reported_cost_usd, source=source)
