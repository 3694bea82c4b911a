"""The `llm` node: asks a model, and reads its answer into the state."""

from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any, ClassVar, Literal

from pydantic import Field

from agentglass.errors import MissingExtraError, NodeError, did_you_mean
from agentglass.models.call import call_model
from agentglass.models.port import ChatReply, ChatRequest, Message, ProviderSettings
from agentglass.models.registry import provider_names
from agentglass.plugins import EXTRAS
from agentglass.workflow.answers import AnswerError, answer_schema, read_answer
from agentglass.workflow.config import LlmConfig, NodeConfig, OutputSchema
from agentglass.workflow.field_types import FieldType, TypeTextError
from agentglass.workflow.node_types import Finding, NodeContext, NodeType, NodeWork, Visit
from agentglass.workflow.run_scope import ModelCall
from agentglass.workflow.templates import as_text, render

__all__ = ["NODE_TYPE", "LlmNode"]


class LlmNode(NodeConfig):
    """Asks a model."""

    template_keys: ClassVar[tuple[str, ...]] = ("prompt", "system")

    type: Literal["llm"] = "llm"
    prompt: str = Field(min_length=1)
    """What is asked; a template."""
    system: str | None = None
    """What the model is told beforehand; a template."""
    output_schema: OutputSchema | None = None
    """What the answer must look like; without it the answer is text."""
    llm: LlmConfig = Field(default_factory=LlmConfig)
    """Wins over `config.llm`, key by key."""


def _compile(config: LlmNode, context: NodeContext) -> NodeWork:
    answer = config.output_schema.field_type() if config.output_schema else FieldType("str")
    settings = _settings(context)
    llm = context.llm

    async def work(visit: Visit) -> Any:
        provider = visit.run.provider(llm.provider or "", settings)
        messages = _messages(config, visit)
        problem = ""
        for _ in range(context.execution.max_retries + 1):
            request = _request(llm, messages, answer_schema(answer))
            reply = await call_model(provider, request)
            visit.calls.append(_model_call(provider.name, reply))
            try:
                return read_answer(reply.text, answer)
            except AnswerError as error:
                problem = str(error)
                messages = (*messages, reply.message, Message("user", error.request_for_another()))
        raise NodeError(config.id, f"the model's answer cannot be used: {problem}")

    return work


def _check(config: LlmNode, context: NodeContext) -> Iterable[Finding]:
    yield from _check_model(context.llm)
    if not config.outputs:
        yield Finding(("outputs",), "missing", "An 'llm' node needs `outputs`: a list of fields.")
        return
    try:
        schema = config.output_schema
        answer = schema.field_type() if schema else FieldType("str")
    except TypeTextError as error:
        yield Finding(("output_schema",), "type", str(error))
        return
    yield from _check_outputs(config, answer, context)


def _check_model(llm: LlmConfig) -> Iterable[Finding]:
    known = provider_names()
    if llm.provider is None or llm.model is None:
        absent = "provider" if llm.provider is None else "model"
        message = (
            f"This node has no {absent}. Write it under `llm` here or under `config.llm`, "
            "as in: llm: {provider: local, model: extractive}."
        )
        yield Finding(("llm",), "missing-model", message)
    elif llm.provider not in known:
        message = (
            f"Unknown provider {llm.provider!r}.{did_you_mean(llm.provider, known)} "
            f"Providers: {', '.join(known)}."
        )
        yield Finding(("llm", "provider"), "unknown-provider", message)
    elif llm.provider in EXTRAS and find_spec(llm.provider) is None:
        extra = EXTRAS[llm.provider]
        error = MissingExtraError(f"The {llm.provider!r} provider", extra, llm.provider)
        yield Finding(("llm", "provider"), "missing-extra", str(error))


def _check_outputs(config: LlmNode, answer: FieldType, context: NodeContext) -> Iterable[Finding]:
    members = answer.members
    by_name = bool(members) and all(name in members for name in config.outputs)
    if len(config.outputs) > 1 and not by_name:
        for index, name in enumerate(config.outputs):
            if name not in members:
                message = (
                    f"The answer has no field {name!r}.{did_you_mean(name, members)} "
                    f"Fields of output_schema: {', '.join(members) or 'none'}."
                )
                yield Finding(("outputs", index), "output", message)
        return
    for index, name in enumerate(config.outputs):
        written = members[name] if by_name else answer
        wanted = context.fields.get(name)
        if wanted is not None and not wanted.accepts(written):
            message = f"The answer is {written}, and the state field {name!r} is {wanted.type}."
            yield Finding(("outputs", index), "type", message)


def _settings(context: NodeContext) -> ProviderSettings:
    settings: dict[str, Any] = {"api_base": context.llm.api_base, "options": context.llm.options}
    if context.llm.timeout is not None:
        settings["timeout_s"] = context.llm.timeout
    return ProviderSettings(**settings, max_retries=context.execution.max_retries)


def _messages(config: LlmNode, visit: Visit) -> tuple[Message, ...]:
    texts = {"system": config.system, "user": config.prompt}
    return tuple(
        Message(role, as_text(render(text, visit.scope, visit.resolutions)))  # type: ignore[arg-type]
        for role, text in texts.items()
        if text is not None
    )


def _request(
    llm: LlmConfig, messages: tuple[Message, ...], schema: dict[str, Any] | None
) -> ChatRequest:
    return ChatRequest(
        model=llm.model or "",
        messages=messages,
        temperature=llm.temperature,
        max_tokens=llm.max_tokens,
        output_schema=schema,
        options=llm.parameters,
    )


def _model_call(provider: str, reply: ChatReply) -> ModelCall:
    return ModelCall(provider, reply.model, reply.usage, reply.reported_cost_usd)


NODE_TYPE = NodeType(LlmNode, _compile, _check, needs_extra="run")
