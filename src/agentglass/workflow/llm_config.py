"""Which model answers, and how."""

from typing import Any

from pydantic import Field

from agentglass.workflow.sections import Section

__all__ = ["LlmConfig", "combine_llm"]


class LlmConfig(Section):
    """Which model answers, and how."""

    provider: str | None = None
    """As in `openai`, `local`, `fake`."""
    model: str | None = None
    """The provider's name of the model; without a provider, `provider/model`."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, gt=0)
    """Upper bound of the tokens of an answer."""
    api_base: str | None = None
    """URL of a compatible server. Keys come from the environment, never from the file."""
    timeout: float | None = Field(default=None, gt=0)
    """Seconds to wait for the server."""
    options: dict[str, Any] = Field(default_factory=dict)
    """How the provider is set up, in its own words, as in `headers` or `replies`."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """What goes with each request as it is, as in `top_p`."""


def combine_llm(shared: LlmConfig, own: LlmConfig, chosen: LlmConfig | None) -> LlmConfig:
    """Return the settings that apply.

    Args:
        shared: Those of the whole workflow.
        own: Those of a node or an agent; win over them, key by key.
        chosen: Those of the caller; win over both.
    """
    llm = _over(shared, own)
    return _split_model(llm if chosen is None else _over(llm, chosen))


def _split_model(llm: LlmConfig) -> LlmConfig:
    """Read `model: provider/model` where no provider is named."""
    provider, slash, model = (llm.model or "").partition("/")
    if llm.provider is not None or not slash:
        return llm
    return llm.model_copy(update={"provider": provider, "model": model})


def _over(below: LlmConfig, above: LlmConfig) -> LlmConfig:
    """Lay settings over others; what is the provider's own goes with it."""
    names = set(LlmConfig.model_fields)
    if above.provider not in (None, below.provider):
        names -= {"model", "api_base", "options", "parameters"}
    kept = {name: getattr(below, name) for name in names}
    set_above = {name: getattr(above, name) for name in LlmConfig.model_fields}
    return LlmConfig(
        **kept | {name: value for name, value in set_above.items() if value not in (None, {})}
    )
