"""What the nodes of one run share: the steps so far, and the providers that are open."""

import json
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal

from agentglass.models.port import ChatProvider, ProviderSettings
from agentglass.models.registry import open_provider
from agentglass.spans import Status, Usage

__all__ = ["ModelCall", "RunScope", "Step", "current_run"]


@dataclass(frozen=True, slots=True)
class ModelCall:
    """What one answered model call used."""

    provider: str
    model: str
    """The model that answered, by its own account."""
    usage: Usage | None
    """None when the provider gave no counts."""
    cost_usd: Decimal | None
    """What the provider says that it cost; None when it does not say."""


@dataclass(frozen=True, slots=True)
class Step:
    """One time that a node ran."""

    node_id: str
    status: Status
    duration_ms: float
    calls: tuple[ModelCall, ...] = ()
    """The model calls that the node itself made."""


class RunScope:
    """Lives as long as one run; works at every level, `off` included."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.active_node: str | None = None
        self._providers: dict[str, ChatProvider] = {}

    def provider(self, name: str, settings: ProviderSettings) -> ChatProvider:
        """Return the provider with these settings, opened once per run.

        Raises:
            OptionError: Nobody registered the name, or a setting cannot be used.
            MissingExtraError: The provider's library is not installed.
        """
        options = json.dumps(dict(settings.options), sort_keys=True, default=repr)
        key = f"{name} {settings!r} {options}"
        if key not in self._providers:
            self._providers[key] = open_provider(name, settings)
        return self._providers[key]

    async def aclose(self) -> None:
        """Close the providers."""
        for provider in self._providers.values():
            await provider.aclose()


current_run: ContextVar[RunScope] = ContextVar("agentglass_workflow_run")
"""The run that a node belongs to; set around the graph."""
