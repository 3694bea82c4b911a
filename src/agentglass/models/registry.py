"""Names of chat providers to the providers."""

from collections.abc import Mapping
from typing import cast

from agentglass.errors import OptionError
from agentglass.models.port import ChatProvider, ProviderSettings
from agentglass.plugins import load_plugin, plugin_names

__all__ = ["PROVIDERS", "open_provider", "parse_model", "provider_names"]

_GROUP = "agentglass.models"

PROVIDERS: Mapping[str, str] = {
    "fake": "agentglass.models.fake:FakeProvider",
    "local": "agentglass.models.local:LocalProvider",
    "openai": "agentglass.models.openai:OpenAIProvider",
}
"""The providers that agentglass brings; others join through the entry-point group
`agentglass.models`."""


def provider_names() -> list[str]:
    """Return the names of all providers, sorted."""
    return plugin_names(_GROUP, PROVIDERS)


def open_provider(name: str, settings: ProviderSettings | None = None) -> ChatProvider:
    """Make a provider by its name; the caller closes it.

    Raises:
        OptionError: Nobody registered the name, or a setting cannot be used.
        MissingExtraError: The provider's library is not installed.
    """
    provider = load_plugin("model provider", name, _GROUP, PROVIDERS)
    return cast("ChatProvider", provider(settings or ProviderSettings()))


def parse_model(text: str) -> tuple[str, str]:
    """Split `provider/model`; the model's own name may hold slashes.

    Raises:
        OptionError: One of the two is missing.
    """
    provider, _, model = text.strip().partition("/")
    if not provider or not model:
        raise OptionError(
            f"The model {text!r} is not of the form provider/model, as in 'local/extractive'. "
            f"Providers: {', '.join(provider_names())}."
        )
    return provider, model
