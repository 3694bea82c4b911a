"""What must hold of a model that is asked, and of the fields that its answer is written to."""

from collections.abc import Iterable
from importlib.util import find_spec

from agentglass.errors import MissingExtraError, did_you_mean
from agentglass.models.registry import provider_names
from agentglass.plugins import EXTRAS
from agentglass.workflow.asking import answer_type
from agentglass.workflow.field_config import OutputSchema
from agentglass.workflow.field_types import FieldType, TypeTextError
from agentglass.workflow.llm_config import LlmConfig
from agentglass.workflow.node_config import NodeConfig
from agentglass.workflow.node_types import Finding, NodeContext

__all__ = ["check_answer", "check_model"]


def check_model(llm: LlmConfig) -> Iterable[Finding]:
    """Find what is wrong with the model that is to be asked."""
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


def check_answer(
    config: NodeConfig, context: NodeContext, schema: OutputSchema | None
) -> Iterable[Finding]:
    """Find where an answer does not fit the fields that it is written to."""
    if not config.outputs:
        article = "An" if config.type[0] in "aeioul" else "A"
        message = f"{article} {config.type!r} node needs `outputs`: a list of fields."
        yield Finding(("outputs",), "missing", message)
        return
    try:
        answer = answer_type(schema)
    except TypeTextError as error:
        yield Finding(("output_schema",), "type", str(error))
        return
    yield from _check_outputs(config, answer, context)


def _check_outputs(
    config: NodeConfig, answer: FieldType, context: NodeContext
) -> Iterable[Finding]:
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
